//! SHA-256 digests, in lower-case hexadecimal.

use sha2::{Digest, Sha256};
use std::io::Write;

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of a text.
pub fn of_text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Hashes and counts what is written through it.
pub struct Digesting<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Digesting<W> {
    /// Nothing is written yet.
    pub fn new(inner: W) -> Digesting<W> {
        Digesting { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// What it wrote to, the digest, and the number of bytes.
    pub fn finish(self) -> (W, String, u64) {
        (self.inner, hex(&self.hash.finalize()), self.bytes)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_hashed_and_counted_and_nothing_else() {
        // Takes two bytes at a time.
        struct Slow(Vec<u8>);
        impl Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                let some = &bytes[..bytes.len().min(2)];
                self.0.extend(some);
                Ok(some.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut out = Digesting::new(Slow(Vec::new()));
        out.write_all(b"churn").unwrap();
        let (slow, digest, bytes) = out.finish();
        assert_eq!((slow.0.as_slice(), digest, bytes), (&b"churn"[..], of_text("churn"), 5));
    }
}
