//! Where text stops being JSON, in the words of Go's decoder.

/// What is wrong with `text`, which some other decoder refused.
pub(super) fn error(text: &[u8]) -> String {
    let mut reader = Reader { text, at: 0 };
    match reader.document() {
        // what Go takes and others refuse: numbers and depths without bounds
        Ok(()) => "json: the value is too large or too deep".to_owned(),
        Err(why) => why,
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

type Read = Result<(), String>;

/// Deeper is refused before it becomes a danger to the stack.
const DEEPEST: usize = 10_000;

/// What is open.
enum Open {
    Object,
    Array,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn refuse(&self, context: &str) -> String {
        let Some(byte) = self.peek() else { return "unexpected end of JSON input".to_owned() };
        let shown = match byte {
            b'\'' => r"\'".to_owned(),
            b'\n' => r"\n".to_owned(),
            b'\r' => r"\r".to_owned(),
            b'\t' => r"\t".to_owned(),
            b'\\' => r"\\".to_owned(),
            0x20..0x7f => char::from(byte).to_string(),
            0x00..0x80 => format!("\\x{byte:02x}"),
            _ => char::from(byte).to_string(),
        };
        format!("invalid character '{shown}' {context}")
    }

    /// Not recursive: how deep a text goes is its author's choice.
    fn document(&mut self) -> Read {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.blank();
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    self.blank();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                    } else {
                        self.key()?;
                        open.push(Open::Object);
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.blank();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                    } else {
                        open.push(Open::Array);
                        if open.len() > DEEPEST {
                            return Err("exceeded max depth".to_owned());
                        }
                        continue;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b't') => self.literal("true")?,
                Some(b'f') => self.literal("false")?,
                Some(b'n') => self.literal("null")?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                _ => return Err(self.refuse("looking for beginning of value")),
            }
            if !self.after_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// What follows a value; false at the end of the document.
    fn after_value(&mut self, open: &mut Vec<Open>) -> Result<bool, String> {
        loop {
            self.blank();
            let (end, context) = match open.last() {
                None if self.peek().is_none() => return Ok(false),
                None => return Err(self.refuse("after top-level value")),
                Some(Open::Object) => (b'}', "after object key:value pair"),
                Some(Open::Array) => (b']', "after array element"),
            };
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    if matches!(open.last(), Some(Open::Object)) {
                        self.blank();
                        self.key()?;
                    }
                    return Ok(true);
                }
                Some(byte) if byte == end => {
                    self.at += 1;
                    open.pop();
                }
                _ => return Err(self.refuse(context)),
            }
        }
    }

    fn key(&mut self) -> Read {
        if self.peek() != Some(b'"') {
            return Err(self.refuse("looking for beginning of object key string"));
        }
        self.string()?;
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.refuse("after object key"));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Read {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                                    return Err(self.refuse("in \\u hexadecimal character escape"));
                                }
                                self.at += 1;
                            }
                        }
                        Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
                        _ => return Err(self.refuse("in string escape code")),
                    }
                }
                Some(0x20..) => self.at += 1,
                _ => return Err(self.refuse("in string literal")),
            }
        }
    }

    fn literal(&mut self, word: &str) -> Read {
        for (at, letter) in word.bytes().enumerate() {
            if at > 0 && self.peek() != Some(letter) {
                return Err(self.refuse(&format!("in literal {word} (expecting '{}')", char::from(letter))));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn digits(&mut self) -> bool {
        let begun = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > begun
    }

    fn number(&mut self) -> Read {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else if !self.digits() {
            return Err(self.refuse("in numeric literal"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !self.digits() {
                return Err(self.refuse("after decimal point in numeric literal"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.digits() {
                return Err(self.refuse("in exponent of numeric literal"));
            }
        }
        Ok(())
    }
}
