//! The least of protobuf that an answer needs: the fields of a message, by number, without a schema.
//!
//! Source: the Protocol Buffers encoding guide. Groups, which are deprecated, end a message as what is malformed does.

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A varint, as it is: a negative number in two's complement.
    Number(u64),
    /// A string, bytes or a message inside; or the bytes of a fixed-width number.
    Bytes(&'a [u8]),
}

/// The fields of a message, in order, up to the first malformed one. A field may come several times.
pub fn fields(mut rest: &[u8]) -> impl Iterator<Item = (u64, Value<'_>)> {
    std::iter::from_fn(move || {
        let key = varint(&mut rest)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut rest)?),
            1 => Value::Bytes(rest.split_off(..8)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                Value::Bytes(rest.split_off(..length)?)
            }
            5 => Value::Bytes(rest.split_off(..4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    })
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(message: &[u8]) -> Vec<(u64, Value<'_>)> {
        fields(message).collect()
    }

    #[test]
    fn every_type_of_field_is_read() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'o', b'k', 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8];
        let expected = [
            (1, Value::Number(150)),
            (2, Value::Bytes(b"ok")),
            (3, Value::Bytes(&[1, 2, 3, 4])),
            (4, Value::Bytes(&[1, 2, 3, 4, 5, 6, 7, 8])),
        ];
        assert_eq!(all(&message), expected);
        let minus_one = [&[0x08][..], &[0xff; 9], &[0x01]].concat();
        assert_eq!(all(&minus_one), [(1, Value::Number(u64::MAX))]);
    }

    #[test]
    fn what_is_malformed_ends_the_message() {
        for rest in [&[0x12, 0x7f, 1][..], &[0xff; 20], &[0x10, 0x80], &[0x0b], &[0x1d, 1, 2, 3]] {
            let message = [&[0x08, 0x01][..], rest].concat();
            assert_eq!(all(&message), [(1, Value::Number(1))], "{rest:?}");
        }
    }
}
