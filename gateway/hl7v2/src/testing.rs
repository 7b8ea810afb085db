//! Messages of every kind the gateway deals in, made of nothing but choices: for laws, for
//! comparisons with other readers, for benches. Knows the structures (v2.5.1 chapters 2, 3, 4, 7, 9,
//! 10, 11; OSU from 2.8.2), and no meaning of a field. All texts are invented.
#![allow(dead_code)] // each user takes what it needs

use encoding_rs::Encoding;

/// Message type, and its segments: `[…]` may be missing, `{…}` repeats.
pub const STRUCTURES: [(&str, &str, &str); 13] = [
    (
        "REF",
        "I12",
        "[{SFT}] [RF1] [AUT [CTD]] {PRD [{CTD}]} PID [{NK1}] [{GT1}] [{IN1 [IN2]}] [ACC] [{DG1}] \
         [{AL1}] [{PR1 [AUT]}] [{OBR [{NTE}] [{OBX [{NTE}]}]}] [PV1 [PV2]] [{NTE}] [ZL1]",
    ),
    (
        "RRI",
        "I12",
        "[{SFT}] [MSA] [RF1] [AUT [CTD]] {PRD [{CTD}]} PID [ACC] [{DG1}] [{AL1}] [{PR1}] \
         [{OBR [{NTE}] [{OBX [{NTE}]}]}] [PV1 [PV2]] [{NTE}]",
    ),
    (
        "ORM",
        "O01",
        "[{NTE}] [PID [PD1] [{NTE}] [PV1 [PV2]] [{IN1}] [GT1] [{AL1}]] \
         {ORC [OBR [{NTE}] [{DG1}] [{OBX [{NTE}]}]] [{CTI}] [BLG]}",
    ),
    ("ORR", "O02", "MSA [{ERR}] [{NTE}] [[PID] {ORC [OBR [{NTE}]]}]"),
    (
        "OMG",
        "O19",
        "[{SFT}] [{NTE}] [PID [PD1] [{NTE}] [{NK1}] [ARV] [PV1] [{IN1}] [GT1] [{AL1}]] \
         {ORC [{TQ1 [{TQ2}]}] OBR [{NTE}] [CTD] [{DG1}] [{OBX [{NTE}]}] [{SPM}]}",
    ),
    ("ORG", "O20", "MSA [{ERR}] [{SFT}] [{NTE}] [[PID] {ORC [OBR]}]"),
    ("OSU", "O51", "[{SFT}] [{NTE}] [PID] {ORC}"),
    (
        "SIU",
        "S12",
        "SCH [{TQ1}] [{NTE}] [{PID [PD1] [PV1] [{OBX}] [{DG1}]}] \
         {RGS [{AIS [{NTE}]}] [{AIG}] [{AIL}] [{AIP}]}",
    ),
    ("ADT", "A08", "EVN PID [PD1] [{NK1}] PV1 [PV2] [{OBX}] [{AL1}] [{DG1}] [{IN1 [IN2]}]"),
    ("ADT", "A40", "EVN {PID [PD1] MRG [PV1]}"),
    ("MDM", "T02", "EVN PID PV1 [{ORC OBR [{NTE}]}] TXA [{CON}] {OBX [{NTE}]}"),
    ("ORU", "R01", "{[PID [PD1] [{NTE}] [PV1]] {[ORC] OBR [{NTE}] [CTD] [{OBX [{NTE}]}]}} [DSC]"),
    ("ACK", "", "MSA [{ERR}]"),
];

/// A character set: names it goes by, and some of its letters.
pub const CHARSETS: [(&[&str], &str); 9] = [
    (&["UNICODE UTF-8", "UTF-8", "utf8"], "aéß日本語😀Ωж"),
    (&["", "UNICODE UTF-8"], "azé"),
    (&["8859/1", "ISO-8859-1", "ISO8859-1"], "aéßÿñ"),
    (&["8859/2", "ISO-8859-2"], "ałŻőč"),
    (&["8859/5"], "aЖяш"),
    (&["8859/7"], "aΩλή"),
    (&["8859/9"], "aşğİé"),
    (&["8859/15", "ISO 8859-15"], "a€žœ"),
    (&["WINDOWS-1252", "CP1252"], "a€™“é"),
];

/// What ends a line.
pub const ENDS: [&str; 3] = ["\r", "\n", "\r\n"];

/// All that may be MSH-1, or stand in MSH-2.
const SIGNS: &[u8] = b"!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Choices, one byte each. When they run out, each is the first.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    /// One of so many.
    pub fn below(&mut self, count: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % count
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// A message, and what must be found in it.
#[derive(Debug, Clone)]
pub struct Made {
    /// MSH-1, and MSH-2 of four or five signs.
    pub signs: Vec<char>,
    /// How MSH-18 calls its characters.
    pub charset: String,
    /// Each segment: its name, and the raw text of each field after it (of MSH from MSH-3 on).
    pub segments: Vec<(String, Vec<String>)>,
    /// What ends a line.
    pub end: &'static str,
    /// Whether a byte order mark stands first.
    pub mark: bool,
    /// How often the last line end is there.
    pub ends: usize,
}

impl Made {
    /// A message of these choices; with the usual signs, CR and UTF-8 alone if `plain`.
    pub fn of(choices: &mut Choices<'_>, plain: bool) -> Made {
        let (code, event, order) = choices.of(&STRUCTURES);
        let signs = if plain { "|^~\\&".chars().collect() } else { signs(choices) };
        let (names, letters) = if plain { CHARSETS[0] } else { choices.of(&CHARSETS) };
        let name: String = choices.of(names).chars().filter(|c| !signs.contains(c)).collect();
        let version = choices.of(&["2.5.1", "2.1", "2.3", "2.3.1", "2.4", "2.7", "2.8.2", "2.9"]);
        let mut made = Made {
            charset: name.clone(),
            segments: Vec::new(),
            end: if plain { "\r" } else { choices.of(&ENDS) },
            mark: !plain && name.to_uppercase().contains("UTF") && choices.below(4) == 3,
            ends: choices.below(3),
            signs,
        };
        let escaped = |text: &str| {
            let sign = |c| made.signs.iter().position(|sign| *sign == c);
            let one = |c: char| match sign(c) {
                Some(n) => {
                    let letter = ["F", "S", "R", "E", "T", "P"][n];
                    format!("{}{letter}{}", made.signs[3], made.signs[3])
                }
                None => c.to_string(),
            };
            text.chars().map(one).collect::<String>()
        };
        let structure: String = [code, "_", event].concat();
        let structure: String = structure.chars().filter(|c| !made.signs.contains(c)).collect();
        let kind = match event {
            "" => code.to_owned(),
            event => [code, event, &structure].join(&made.signs[1].to_string()),
        };
        let head = ["EHR", "HOSPA", "LG", "TOWN", "20261120094000", "", &kind, "A17", "P"];
        let mut msh: Vec<String> = head.map(str::to_owned).to_vec();
        msh.extend([escaped(version), String::new(), String::new(), String::new()]);
        msh.extend([String::new(), String::new(), name]);
        made.segments.push(("MSH".to_owned(), msh));
        let mut names = Vec::new();
        walk(&words(order), choices, &mut names);
        for name in names {
            let count = choices.below(9);
            let fields = (0..count).map(|_| field(choices, &made.signs, letters));
            let fields = fields.collect();
            made.segments.push((name, fields));
        }
        made
    }

    /// Each line, without its end.
    pub fn lines(&self) -> Vec<String> {
        let signs: String = self.signs.iter().collect();
        let separator = self.signs[0].to_string();
        let line = |(name, fields): &(String, Vec<String>)| {
            let fields = fields.join(&separator);
            match name.as_str() {
                "MSH" => format!("MSH{signs}{separator}{fields}"),
                _ if fields.is_empty() => name.clone(),
                _ => format!("{name}{separator}{fields}"),
            }
        };
        self.segments.iter().map(line).collect()
    }

    /// The message as it is sent, not yet in its character set.
    pub fn text(&self) -> String {
        let mark = if self.mark { "\u{feff}" } else { "" };
        format!("{mark}{}{}", self.lines().join(self.end), self.end.repeat(self.ends))
    }

    /// The bytes of the message in its character set; without one in MSH-18, in UTF-8.
    pub fn bytes(&self) -> Vec<u8> {
        let label = match self.charset.to_ascii_uppercase().replace(['-', '/', ' '], "").as_str() {
            "" | "UNICODEUTF8" | "UTF8" => "utf-8",
            "WINDOWS1252" | "CP1252" => "windows-1252",
            latin => match latin.trim_start_matches("ISO").strip_prefix("8859") {
                // The registry of labels makes this one Windows-1252, which agrees where it has letters.
                Some("1") => "windows-1252",
                Some("2") => "iso-8859-2",
                Some("5") => "iso-8859-5",
                Some("7") => "iso-8859-7",
                Some("9") => "windows-1254",
                Some("15") => "iso-8859-15",
                _ => panic!("{latin}"),
            },
        };
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let text = self.text();
        let (bytes, _, unmappable) = encoding.encode(&text);
        assert!(!unmappable, "{label}");
        bytes.into_owned()
    }
}

/// Five or six different signs.
fn signs(choices: &mut Choices<'_>) -> Vec<char> {
    if choices.below(3) == 0 {
        return "|^~\\&".chars().collect();
    }
    let mut signs = Vec::new();
    let count = 5 + choices.below(2);
    while signs.len() < count {
        let mut at = choices.below(SIGNS.len());
        while signs.contains(&char::from(SIGNS[at])) {
            at = (at + 1) % SIGNS.len();
        }
        signs.push(char::from(SIGNS[at]));
    }
    signs
}

fn words(structure: &str) -> Vec<String> {
    let mut spaced = structure.to_owned();
    for bracket in ["[", "]", "{", "}"] {
        spaced = spaced.replace(bracket, &format!(" {bracket} "));
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// The names of a message of this structure.
fn walk(words: &[String], choices: &mut Choices<'_>, names: &mut Vec<String>) {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let times = match word.as_str() {
            "[" => choices.below(2),
            "{" => 1 + choices.below(2),
            name => {
                names.push(name.to_owned());
                at += 1;
                continue;
            }
        };
        let mut depth = 0;
        let end = words[at..].iter().position(|word| {
            depth += match word.as_str() {
                "[" | "{" => 1,
                "]" | "}" => -1,
                _ => 0,
            };
            depth == 0
        });
        let end = at + end.expect("brackets of a structure are in pairs");
        for _ in 0..times {
            walk(&words[at + 1..end], choices, names);
        }
        at = end + 1;
    }
}

/// The raw text of a field.
fn field(choices: &mut Choices<'_>, signs: &[char], letters: &str) -> String {
    let mut out = String::new();
    for _ in 0..1 + [0, 0, 0, 3, 9][choices.below(5)] {
        out.push_str(&leaf(choices, signs, letters));
        out.extend(match choices.below(5) {
            0 => Some(signs[1]),
            1 => Some(signs[2]),
            2 => Some(signs[4]),
            _ => None,
        });
    }
    out
}

fn leaf(choices: &mut Choices<'_>, signs: &[char], letters: &str) -> String {
    let escape = signs[3];
    let sequence = |text: &str| {
        // With a dot among the signs some sequences cannot be written.
        let text: String = text.chars().filter(|c| !signs.contains(c)).collect();
        format!("{escape}{text}{escape}")
    };
    match choices.below(12) {
        0 => String::new(),
        1 => "\"\"".to_owned(),
        2 => sequence(choices.of(&["F", "S", "T", "R", "E", "H", "N"])),
        3 => {
            sequence(choices.of(&["X41", "XC3A9", "X0D", "XFF", ".br", ".sp2", "Zx", "", "C2842"]))
        }
        4 => format!("a{escape}b"),
        5 => " a ".to_owned(),
        6 if choices.below(20) == 19 => letters.repeat(64 * 1024 / letters.len() + 1),
        n => {
            let letter = letters.chars().nth(n % letters.chars().count());
            format!("Eve{}", letter.unwrap_or('x')).repeat(1 + choices.below(3))
        }
    }
}
