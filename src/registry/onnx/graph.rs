//! An ONNX graph under construction: inputs, constants, operators, outputs.
//!
//! Field numbers are those of <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.

use super::protobuf::Message;

/// The version of the file format; onnxruntime reads it since 1.10.
const IR_VERSION: i64 = 8;
/// The version of the standard operators; onnxruntime knows it since 1.12.
const OPSET: i64 = 17;
/// The version of the `ai.onnx.ml` operators.
const ML_OPSET: i64 = 3;
/// The domain of the operators that are about texts.
const ML: &str = "ai.onnx.ml";

/// The name of something computed, given or constant in a graph.
pub type Value = String;

/// What a tensor holds. The numbers are those of `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit floats.
    Float = 1,
    /// 64-bit whole numbers.
    Int64 = 7,
    /// Texts.
    Text = 8,
    /// Truth values.
    Bool = 9,
    /// 64-bit floats.
    Double = 11,
}

/// An input of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, that of a feature.
    pub name: String,
    /// Whether it is a text, and not a number.
    pub is_text: bool,
}

/// A level of a categorical feature, and the number that stands for it.
pub struct LevelNumber<'a> {
    /// The level.
    pub level: &'a str,
    /// Its number.
    pub number: i64,
}

/// What a file says of itself.
pub struct About<'a> {
    /// The name of the graph.
    pub name: &'a str,
    /// What it predicts.
    pub text: &'a str,
    /// The program that wrote it.
    pub program: &'a str,
    /// The version of the program.
    pub program_version: &'a str,
    /// Names and values that tools show beside the graph.
    pub facts: &'a [(&'a str, String)],
}

/// A graph under construction.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Input>,
    outputs: Vec<Message>,
    named: usize,
}

impl Graph {
    /// Declares a numeric feature as an input.
    pub fn number(&mut self, feature: &str) -> Value {
        self.inputs.push(Input { name: feature.to_owned(), is_text: false });
        feature.to_owned()
    }

    /// Declares a categorical feature as an input, and gives the number of each row's level. Levels without a number
    /// have `otherwise`, and the empty text has `missing`, unless it is a level by itself.
    pub fn level(&mut self, feature: &str, mut numbers: Vec<LevelNumber>, otherwise: i64, missing: i64) -> Value {
        self.inputs.push(Input { name: feature.to_owned(), is_text: true });
        if numbers.iter().all(|known| !known.level.is_empty()) {
            numbers.push(LevelNumber { level: "", number: missing });
        }

        let keys = numbers.iter().fold(attribute("keys_strings", 8), |keys, known| keys.text(9, known.level));
        let values = numbers.iter().fold(attribute("values_int64s", 7), |values, known| values.int(8, known.number));
        let attributes = [keys, values, attribute("default_int64", 2).int(3, otherwise)];
        self.apply("LabelEncoder", ML, &[&feature.to_owned()], &attributes)
    }

    /// The inputs so far.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Declares an output, one value a row.
    pub fn output(&mut self, name: &str, element: Element, about: &str, value: &Value) {
        self.outputs.push(column(name, element, about));
        self.nodes.push(Message::default().text(1, value).text(2, name).text(3, name).text(4, "Identity"));
    }

    /// A constant of 64-bit floats.
    pub fn doubles(&mut self, shape: &[usize], values: &[f64]) -> Value {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(Element::Double, shape, &raw)
    }

    /// A constant of 32-bit floats.
    pub fn floats(&mut self, shape: &[usize], values: &[f32]) -> Value {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(Element::Float, shape, &raw)
    }

    /// A constant of 64-bit whole numbers.
    pub fn int64s(&mut self, shape: &[usize], values: &[i64]) -> Value {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(Element::Int64, shape, &raw)
    }

    /// A constant of truth values.
    pub fn bools(&mut self, shape: &[usize], values: &[bool]) -> Value {
        let raw: Vec<u8> = values.iter().map(|&v| u8::from(v)).collect();
        self.constant(Element::Bool, shape, &raw)
    }

    /// One 64-bit float.
    pub fn double(&mut self, value: f64) -> Value {
        self.doubles(&[], &[value])
    }

    fn constant(&mut self, element: Element, shape: &[usize], raw: &[u8]) -> Value {
        let name = self.fresh("constant");
        let tensor = shape.iter().fold(Message::default(), |tensor, &size| tensor.int(1, size as i64));
        self.constants.push(tensor.int(2, element as i64).text(8, &name).bytes(9, raw));
        name
    }

    /// Applies an operator.
    pub fn op(&mut self, operator: &str, inputs: &[&Value]) -> Value {
        self.apply(operator, "", inputs, &[])
    }

    /// `Cast`: the same values as other elements.
    pub fn cast(&mut self, value: &Value, to: Element) -> Value {
        self.apply("Cast", "", &[value], &[attribute("to", 2).int(3, to as i64)])
    }

    /// `Concat`: side by side.
    pub fn concat(&mut self, values: &[Value]) -> Value {
        let values: Vec<&Value> = values.iter().collect();
        self.apply("Concat", "", &values, &[attribute("axis", 2).int(3, 1)])
    }

    /// `Gather`: entries of a table by their places along its first axis.
    pub fn gather(&mut self, table: &Value, places: &Value) -> Value {
        self.apply("Gather", "", &[table, places], &[attribute("axis", 2).int(3, 0)])
    }

    /// For how many of the `edges`, of shape `[1, n]`, the comparison of edge and value holds, row by row.
    pub fn count(&mut self, comparison: &str, edges: &Value, value: &Value) -> Value {
        let along = self.int64s(&[1], &[1]);
        let value = self.op("Unsqueeze", &[value, &along]);
        let holds = self.op(comparison, &[edges, &value]);
        let holds = self.cast(&holds, Element::Int64);
        self.apply("ReduceSum", "", &[&holds, &along], &[attribute("keepdims", 2).int(3, 0)])
    }

    fn apply(&mut self, operator: &str, domain: &str, inputs: &[&Value], attributes: &[Message]) -> Value {
        let name = self.fresh(operator);
        let node = inputs.iter().fold(Message::default(), |node, input| node.text(1, input));
        let node = node.text(2, &name).text(3, &name).text(4, operator).messages(5, attributes);
        self.nodes.push(if domain.is_empty() { node } else { node.text(7, domain) });
        name
    }

    /// A name that no column of a table has.
    fn fresh(&mut self, what: &str) -> Value {
        self.named += 1;
        format!("/{}/{what}", self.named)
    }

    /// The bytes of a file with this graph.
    pub fn into_file(self, about: &About<'_>) -> Vec<u8> {
        let inputs: Vec<Message> = self.inputs.iter().map(Input::message).collect();
        let graph = Message::default()
            .messages(1, &self.nodes)
            .text(2, about.name)
            .messages(5, &self.constants)
            .messages(11, &inputs)
            .messages(12, &self.outputs);

        let operators = |domain: &str, version| Message::default().text(1, domain).int(2, version);
        let fact = |(key, value): &(&str, String)| Message::default().text(1, key).text(2, value);
        let facts: Vec<Message> = about.facts.iter().map(fact).collect();

        Message::default()
            .int(1, IR_VERSION)
            .text(2, about.program)
            .text(3, about.program_version)
            .text(6, about.text)
            .message(7, &graph)
            .message(8, &operators("", OPSET))
            .message(8, &operators(ML, ML_OPSET))
            .messages(14, &facts)
            .into_bytes()
    }
}

impl Input {
    fn message(&self) -> Message {
        if self.is_text {
            column(&self.name, Element::Text, "empty where missing")
        } else {
            column(&self.name, Element::Float, "NaN where missing")
        }
    }
}

/// A tensor of one value a row.
fn column(name: &str, element: Element, about: &str) -> Message {
    let rows = Message::default().message(1, &Message::default().text(2, "rows"));
    let tensor = Message::default().int(1, element as i64).message(2, &rows);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor)).text(3, about)
}

/// The head of an attribute. The kinds of `AttributeProto.AttributeType`: 2 a whole number, 7 whole numbers, 8 texts.
fn attribute(name: &str, kind: i64) -> Message {
    Message::default().text(1, name).int(20, kind)
}
