//! SHA-256 digests, in lower-case hexadecimal.

use base64::prelude::{Engine, BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::io::Write;

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of a text.
pub(crate) fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The digest of a style sheet or a script, as a content security policy names it.
pub(crate) fn content_security(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// A writer that hashes and counts the bytes that pass through it.
pub(crate) struct DigestWriter<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

/// What a [`DigestWriter`] has written.
pub(crate) struct Digested<W> {
    pub(crate) inner: W,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

impl<W: Write> DigestWriter<W> {
    pub(crate) fn new(inner: W) -> DigestWriter<W> {
        DigestWriter { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// Ends the digest of all bytes written.
    pub(crate) fn finish(self) -> Digested<W> {
        Digested { inner: self.inner, sha256: hex(&self.hash.finalize()), bytes: self.bytes }
    }
}

impl<W: Write> Write for DigestWriter<W> {
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
        /// Takes two bytes at a time.
        struct Slow(Vec<u8>);

        impl Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                let taken = &bytes[..bytes.len().min(2)];
                self.0.extend(taken);
                Ok(taken.len())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        let mut out = DigestWriter::new(Slow(Vec::new()));
        out.write_all(b"churn").unwrap();
        let written = out.finish();

        assert_eq!(written.inner.0, b"churn");
        assert_eq!(written.sha256, sha256("churn"));
        assert_eq!(written.bytes, 5);
    }
}
