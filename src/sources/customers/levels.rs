//! Categorical columns: texts as codes into their levels.

/// The level code that stands for null.
pub const NO_LEVEL: u32 = u32::MAX;

/// A categorical column: a code a customer into its levels; [`NO_LEVEL`] is null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// The distinct levels, ascending.
    pub names: Vec<String>,
    /// One code a customer.
    pub codes: Vec<u32>,
}

impl Levels {
    /// The level of a customer.
    pub fn get(&self, index: usize) -> Option<&str> {
        self.names.get(*self.codes.get(index)? as usize).map(String::as_str)
    }
}

/// Texts as codes, in the order of their first appearance.
#[derive(Default)]
pub(crate) struct Coded {
    names: Vec<String>,
    known: hashbrown::HashMap<String, u32>,
    /// A code a row; [`NO_LEVEL`] is null.
    pub(crate) codes: Vec<u32>,
    /// Bytes of the texts.
    text_bytes: u64,
}

impl Coded {
    /// So many rows, all null.
    pub(crate) fn nulls(rows: usize) -> Coded {
        Coded { codes: vec![NO_LEVEL; rows], ..Coded::default() }
    }

    /// The code of a text, which need not have been met before.
    pub(crate) fn code(&mut self, name: &str) -> u32 {
        *self.known.entry_ref(name).or_insert_with(|| {
            self.names.push(name.to_owned());
            self.text_bytes += name.len() as u64;
            self.names.len() as u32 - 1
        })
    }

    /// Bytes that the texts take, each of which is there twice, with its code.
    pub(crate) fn text_bytes(&self) -> u64 {
        2 * self.text_bytes + self.names.len() as u64 * (2 * size_of::<String>() + 2 * size_of::<u32>()) as u64
    }

    pub(super) fn extend(&mut self, other: &Coded) {
        let codes: Vec<u32> = other.names.iter().map(|name| self.code(name)).collect();
        self.codes.extend(other.codes.iter().map(|&code| codes.get(code as usize).copied().unwrap_or(NO_LEVEL)));
    }

    /// With the codes in the order of the names.
    pub(crate) fn in_order(self) -> Levels {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_unstable_by(|&a, &b| self.names[a].cmp(&self.names[b]));
        let mut ranks = vec![0; order.len()];
        (0u32..).zip(&order).for_each(|(rank, &code)| ranks[code] = rank);
        let rank = |code: u32| ranks.get(code as usize).copied().unwrap_or(NO_LEVEL);
        let mut codes = self.codes;
        codes.iter_mut().for_each(|code| *code = rank(*code));
        let mut names = self.names;
        names.sort_unstable();
        Levels { names, codes }
    }
}
