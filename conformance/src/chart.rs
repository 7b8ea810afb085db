//! The chart: two of every type, A and B, which differ in whatever a search may ask for. The source
//! supplies all of it.

mod bodies;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::{Fail, fail};
use crate::client::Answer;
use crate::people::{create, source_of};
use crate::world::World;

/// What was made, by type and letter: `Type/id`, or why not.
pub struct Chart {
    made: BTreeMap<String, Result<String, Fail>>,
    /// What the names of this chart have that no other has.
    pub mark: String,
}

impl Chart {
    /// Makes it. What the server does not take is missing, and missed by the cases that need it.
    pub fn make(world: &World) -> Chart {
        let mut chart = Chart { made: BTreeMap::new(), mark: world.unique() };
        chart.made.insert("Source".into(), source_of(world));
        let target = world.target().map(|(_, reference)| reference.to_owned());
        chart.made.insert("Target".into(), target);
        for (kind, body) in bodies::IN_ORDER {
            for letter in ['A', 'B'] {
                let made =
                    body(world, &chart, letter).and_then(|body| create(&world.source, &body));
                chart.made.insert(format!("{kind} {letter}"), made);
            }
        }
        chart
    }

    /// `Type/id` of one of it: `Patient A`, `Source`, `Target`.
    pub fn at(&self, name: &str) -> Result<&str, Fail> {
        match self.made.get(name) {
            Some(Ok(reference)) => Ok(reference),
            Some(Err(Fail::Failed(words))) => fail(format!("there is no {name}: {words}")),
            Some(Err(skipped)) => Err(skipped.clone()),
            None => fail(format!("the chart has no {name}")),
        }
    }

    /// The logical id of one of it.
    pub fn id(&self, name: &str) -> Result<&str, Fail> {
        let reference = self.at(name)?;
        Ok(reference.split_once('/').map_or(reference, |(_, id)| id))
    }

    /// One of it, read by the source.
    pub fn read(&self, world: &World, name: &str) -> Result<Answer, Fail> {
        world.source.get(self.at(name)?).expect(200)
    }

    /// A text with `{Patient A}` for its reference, `{id:Patient A}` for its id, `{base}` for the base
    /// URL, `{mark}` for the mark.
    pub fn fill(&self, world: &World, text: &str) -> Result<String, Fail> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((head, tail)) = rest.split_once('{') {
            let Some((name, tail)) = tail.split_once('}') else { break };
            out.push_str(head);
            match (name, name.strip_prefix("id:")) {
                ("base", _) => out.push_str(world.base()),
                ("mark", _) => out.push_str(&self.mark),
                (_, Some(name)) => out.push_str(self.id(name)?),
                (name, None) => out.push_str(self.at(name)?),
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Makes the body of one of a type.
type Body = fn(&World, &Chart, char) -> Result<Value, Fail>;
