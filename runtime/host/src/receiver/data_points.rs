//! Counts the data points of a metrics request, all that is done with one. Nothing is kept.
//!
//! Source: opentelemetry-proto 1.x, `collector/metrics/v1` and `metrics/v1`: ExportMetricsServiceRequest 1
//! resource_metrics, ResourceMetrics 2 scope_metrics, ScopeMetrics 2 metrics, Metric 5 gauge, 7 sum, 9 histogram,
//! 10 exponential_histogram, 11 summary, and in each of these 1 data_points.

/// At each level, the fields that lead on to data points.
const PATH: [&[u64]; 5] = [&[1], &[2], &[2], &[5, 7, 9, 10, 11], &[1]];

/// Counts the data points of a request in protobuf.
///
/// # Errors
/// What is wrong with it, and at which byte.
pub(super) fn count_data_points(request: &[u8]) -> Result<u64, String> {
    count(Reader { bytes: request, at: 0 }, &PATH)
}

fn count(mut message: Reader<'_>, path: &[&[u64]]) -> Result<u64, String> {
    let Some((fields, rest)) = path.split_first() else { return Ok(1) };
    let mut total = 0;
    while message.at < message.bytes.len() {
        let tag = message.varint()?;
        match (tag >> 3, tag & 7) {
            (0, _) => return Err(message.error("a field number is out of range")),
            (_, 0) => drop(message.varint()?),
            (_, 1) => message.skip(8)?,
            (_, 5) => message.skip(4)?,
            (number, 2) => {
                let length = message.varint()?;
                let nested = message.nested(length)?;
                if fields.contains(&number) {
                    total += count(nested, rest)?;
                }
            }
            _ => return Err(message.error("a field has a wrong wire type")),
        }
    }
    Ok(total)
}

/// Reads one message. `bytes` ends with it, so that `at` is an offset into the request.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let digit = *self.bytes.get(self.at).ok_or_else(|| self.error("it ends within a number"))?;
            self.at += 1;
            value |= u64::from(digit & 0x7f) << shift;
            if digit < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error("a number is longer than 64 bits"))
    }

    fn skip(&mut self, length: u64) -> Result<(), String> {
        let left = self.bytes.len() - self.at;
        let length = usize::try_from(length).ok().filter(|length| *length <= left);
        self.at += length.ok_or_else(|| self.error("a field is longer than its message"))?;
        Ok(())
    }

    fn nested(&mut self, length: u64) -> Result<Self, String> {
        let begin = self.at;
        self.skip(length)?;
        Ok(Self { bytes: &self.bytes[..self.at], at: begin })
    }

    fn error(&self, what: &str) -> String {
        format!("not a valid metrics request: {what}, at byte {}", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::protobuf_writer::Writer;

    fn nest(writer: &mut Writer, path: &[u32], points: u32) {
        let Some((field, rest)) = path.split_first() else {
            return (0..points).for_each(|_| writer.bytes_field(1, b""));
        };
        let open = writer.open(*field);
        nest(writer, rest, points);
        writer.close(open);
    }

    #[test]
    fn data_points_of_every_kind_are_counted_and_nothing_else() {
        let mut writer = Writer::default();
        for (index, kind) in [5, 7, 9, 10, 11, 12].into_iter().enumerate() {
            nest(&mut writer, &[1, 2, 2, kind], 1 << index);
        }
        writer.varint_field(99, 7);
        writer.fixed64_field(98, 7);
        writer.fixed32_field(97, 7);
        assert_eq!(count_data_points(&writer.finish()), Ok(1 + 2 + 4 + 8 + 16));
        assert_eq!(count_data_points(b""), Ok(0));
    }

    #[test]
    fn a_request_cut_anywhere_within_a_field_is_malformed() {
        let mut writer = Writer::default();
        nest(&mut writer, &[1, 2, 2, 5], 3);
        let request = writer.finish();
        for end in 1..request.len() {
            assert!(count_data_points(&request[..end]).is_err(), "cut at {end}");
        }
        for bad in [&[0x00, 1][..], &[0x0b], &[0xff; 11], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]] {
            assert!(count_data_points(bad).is_err(), "{bad:?}");
        }
    }
}
