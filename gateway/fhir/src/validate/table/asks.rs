//! What a line of a profile's table says.

use super::{Asks, SETS, count, rules_of, split_type};
use crate::{Json, Limits};

impl Asks {
    pub(super) fn below(&mut self, path: &'static str) -> &mut Asks {
        let mut asks = self;
        for step in path.split('.') {
            let (name, slice) = match step.split_once(':') {
                Some((name, slice)) => (name, Some(slice)),
                None => (step, None),
            };
            asks = entry(&mut asks.children, name);
            if let Some(slice) = slice {
                asks = entry(&mut asks.slices, slice);
            }
        }
        asks
    }

    pub(super) fn facts(&mut self, facts: &'static str, of: &'static str) {
        let value = ["fixed ", "pattern "].into_iter().find_map(|word| {
            let at = facts.match_indices(word).map(|(at, _)| at);
            let at = at.into_iter().find(|at| *at == 0 || facts[..*at].ends_with(' '))?;
            Some((at, word == "fixed ", &facts[at + word.len()..]))
        });
        let facts = match value {
            Some((at, is_fixed, json)) => {
                let value = Json::parse(json.as_bytes(), "Resource", &Limits::default());
                self.value = value.ok().map(|value| (is_fixed, value));
                &facts[..at]
            }
            None => facts,
        };
        // How slices are told apart is said last, and holds spaces.
        let slicing = ["slice(", "closed("].into_iter().find_map(|word| facts.find(word));
        let (facts, slicing) = facts.split_at(slicing.unwrap_or(facts.len()));
        facts.split(' ').for_each(|word| self.fact(word, of));
        self.fact(slicing.trim_end(), of);
    }

    fn fact(&mut self, word: &'static str, of: &'static str) {
        if let Some(count) = count(word) {
            self.count = Some(count);
        } else if word.starts_with(['!', '~']) {
            self.set = SETS.get(&word[1..]).map(|set| (word.starts_with('!'), set));
        } else if word.starts_with("rules(") {
            self.rules = rules_of(word, of);
        } else if let Some(by) = word.strip_prefix("slice(").or(word.strip_prefix("closed(")) {
            self.closed = word.starts_with("closed(");
            let by = by.strip_suffix(')').unwrap_or(by);
            self.by = by.split(' ').filter_map(|one| one.split_once(':')).collect();
        } else if let Some(url) = word.strip_prefix("Extension<") {
            self.extension = Some(url.trim_end_matches('>'));
        } else if !word.is_empty() {
            self.types = word.split('|').map(split_type).collect();
        }
    }
}

fn entry<'a>(list: &'a mut Vec<(&'static str, Asks)>, name: &'static str) -> &'a mut Asks {
    let at = list.iter().position(|(known, _)| *known == name).unwrap_or(list.len());
    if at == list.len() {
        list.push((name, Asks::default()));
    }
    &mut list[at].1
}
