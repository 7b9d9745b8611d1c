//! A model for other programs: an ONNX file, or an MLflow model folder around it.

use super::onnx;
use crate::artefact::Artefact;
use crate::error::{Error, Result};
use crate::files::{self, Unfinished};
use std::path::Path;

/// The version of MLflow's model format that the folder follows.
const MLFLOW: &str = "2.9.0";
/// What loading the folder needs, newest tested within the major version.
const REQUIREMENTS: &str = "mlflow>=2.9\nonnx>=1.15\nonnxruntime>=1.16\nnumpy\npandas\n";

/// Writes the ONNX file of a model.
///
/// # Errors
/// [`Error::Model`] when the model cannot be expressed; an error of writing.
pub fn onnx(model: &Artefact, out: &Path) -> Result<()> {
    let file = onnx::file(model)?;
    files::create_folder(parent(out))?;
    files::write_atomically(out, &file.bytes)
}

/// Writes an MLflow model folder: `MLmodel` with its signature, `model.onnx`, `requirements.txt`, and the environment
/// files that point at it. `mlflow.pyfunc.load_model(folder)` and `mlflow.onnx.load_model(folder)` read it.
///
/// # Errors
/// [`Error::Config`] when `out` exists already; otherwise as [`onnx()`].
pub fn mlflow(model: &Artefact, out: &Path, unfinished: &Unfinished) -> Result<()> {
    if out.exists() {
        return Err(Error::Config(format!(
            "{} exists already; choose a new folder, or remove it first",
            out.display()
        )));
    }

    let file = onnx::file(model)?;
    files::create_folder(parent(out))?;
    files::clear_abandoned(parent(out));
    let staged = unfinished.folder(parent(out), ".staged-")?;
    let write = |name: &str, content: &[u8]| files::write_atomically(&staged.path().join(name), content);
    write("model.onnx", &file.bytes)?;
    write("MLmodel", mlmodel(model, &file.inputs)?.as_bytes())?;
    write("requirements.txt", REQUIREMENTS.as_bytes())?;
    write("python_env.yaml", b"build_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n")?;
    files::publish_folder(staged, out)
}

/// The folder that a file or folder is in; the current one for a bare name.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The description that MLflow reads. JSON texts are valid YAML scalars, so names need no other care.
fn mlmodel(model: &Artefact, inputs: &[onnx::Input]) -> Result<String> {
    let text = |value: &serde_json::Value| serde_json::to_string(value).map_err(|e| Error::Internal(e.to_string()));
    let inputs: Vec<serde_json::Value> = inputs
        .iter()
        .map(|input| {
            let kind = if input.is_text { "string" } else { "float" };
            serde_json::json!({"type": kind, "name": input.name, "required": true})
        })
        .collect();

    let outputs: Vec<serde_json::Value> = [onnx::PROBABILITY, onnx::LOG_ODDS]
        .iter()
        .map(|name| serde_json::json!({"type": "double", "name": name, "required": true}))
        .collect();

    // The signature's lists are themselves JSON inside a text.
    let inputs = text(&text(&inputs.into())?.into())?;
    let outputs = text(&text(&outputs.into())?.into())?;
    let metadata = serde_json::json!({
        "version": model.version,
        "checksum": model.checksum,
        "trained_at": model.trained_at,
        "churn": model.churn.to_string(),
    });

    Ok(format!(
        "flavors:\n  \
           onnx:\n    \
             data: model.onnx\n    \
             providers:\n    - CPUExecutionProvider\n  \
           python_function:\n    \
             data: model.onnx\n    \
             env:\n      virtualenv: python_env.yaml\n    \
             loader_module: mlflow.onnx\n\
         metadata: {}\n\
         mlflow_version: {MLFLOW}\n\
         signature:\n  inputs: {inputs}\n  outputs: {outputs}\n",
        text(&metadata)?,
    ))
}
