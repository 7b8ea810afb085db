//! A file from a form, `multipart/form-data` (RFC 7578): one field `file`, read from memory.

use axum::body::Bytes;
use http_body_util::{BodyDataStream, Full};
use multer::{Constraints, Multipart, SizeLimit};

/// What surrounds the file.
const AROUND_BYTES_MAX: u64 = 4 * 1024;

/// The bytes of the field `file`; none if there is no such form, or it is empty or longer than that.
pub fn file(content_type: Option<&str>, body: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let boundary = multer::parse_boundary(content_type?).ok()?;
    let bytes_max = u64::try_from(bytes_max).ok()?;
    let limits = SizeLimit::new().whole_stream(bytes_max + AROUND_BYTES_MAX).per_field(bytes_max);
    let constraints = Constraints::new().allowed_fields(vec!["file"]).size_limit(limits);
    let stream = BodyDataStream::new(Full::<Bytes>::new(Bytes::copy_from_slice(body)));
    let read = async {
        let mut form = Multipart::with_constraints(stream, boundary, constraints);
        let field = form.next_field().await.ok()??;
        let bytes = field.bytes().await.ok()?;
        // Whatever follows is read too: a form that breaks off says nothing.
        let ended = matches!(form.next_field().await, Ok(None));
        (ended && !bytes.is_empty()).then(|| bytes.to_vec())
    };
    // All of it is in memory: nothing is waited for.
    block_on(read)
}

fn block_on<T>(ready: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    match runtime {
        Ok(runtime) => runtime.block_on(ready),
        Err(_) => unreachable!("a runtime without drivers asks the system for nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=x1";

    fn form(fields: &[(&str, &str)]) -> Vec<u8> {
        let mut body = String::new();
        for (name, content) in fields {
            body += &format!(
                "--x1\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.csv\"\r\n\
                 Content-Type: text/csv\r\n\r\n{content}\r\n"
            );
        }
        (body + "--x1--\r\n").into_bytes()
    }

    #[test]
    fn one_file_is_read_as_it_was_sent() {
        let sent = form(&[("file", "a,b\r\n\"--x\",2\r\n")]);
        assert_eq!(file(Some(TYPE), &sent, 100).unwrap(), b"a,b\r\n\"--x\",2\r\n");
    }

    #[test]
    fn anything_else_is_no_file() {
        let good = form(&[("file", "abc")]);
        assert!(file(Some(TYPE), &good, 3).is_some());
        assert_eq!(file(Some(TYPE), &good, 2), None, "too long");
        assert_eq!(file(Some("text/csv"), &good, 100), None);
        assert_eq!(file(None, &good, 100), None);
        assert_eq!(file(Some(TYPE), &form(&[("file", "")]), 100), None, "empty");
        assert_eq!(file(Some(TYPE), &form(&[("other", "abc")]), 100), None);
        assert_eq!(file(Some(TYPE), &form(&[("file", "abc"), ("file", "def")]), 100), None);
        assert_eq!(file(Some(TYPE), &good[..good.len() - 8], 100), None, "it breaks off");
        assert_eq!(file(Some(TYPE), b"", 100), None);
    }
}
