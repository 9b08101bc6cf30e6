//! Who asked what, and what came of it.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

/// How many reads and how many other calls are remembered one by one, apart, so that whoever polls pushes no write out; the
/// counts go on.
const REMEMBERED: usize = 2_000;
/// How many questions to the name servers are: apart, so that a busy resolver does not push the calls out.
const QUESTIONS: usize = 500;

/// One call. No token and no body is ever kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// Counts up from 1.
    pub(crate) number: u64,
    /// When, in emulated time.
    pub(crate) time: Timestamp,
    /// The method, or the record type asked for.
    pub(crate) method: String,
    /// The type as [`super::faults::Rule::kind`] has it.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The path, or the name asked for.
    pub(crate) path: String,
    /// `api-version`.
    pub(crate) api_version: String,
    /// HTTP status, or the response code; 0 when the connection was closed instead.
    pub(crate) status: u16,
    /// Client's id as its token says.
    pub(crate) client: String,
    /// `User-Agent`.
    pub(crate) agent: String,
    /// `x-ms-request-id`.
    pub(crate) request_id: String,
    /// The condition it was sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<String>,
    /// The fault that struck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
}

/// The last calls and the counts of all.
#[derive(Debug, Default)]
pub(crate) struct Log {
    reads: VecDeque<Entry>,
    writes: VecDeque<Entry>,
    questions: VecDeque<Entry>,
    counts: BTreeMap<(String, String, u16), u64>,
    last: u64,
}

impl Log {
    /// Adds a call; its number is given here.
    pub(crate) fn add(&mut self, mut entry: Entry) {
        self.last += 1;
        entry.number = self.last;
        let key = (entry.method.clone(), entry.kind.to_ascii_lowercase(), entry.status);
        *self.counts.entry(key).or_default() += 1;
        let (kept, most) = match entry.kind.as_str() {
            "dns" => (&mut self.questions, QUESTIONS),
            _ if entry.method == "GET" => (&mut self.reads, REMEMBERED),
            _ => (&mut self.writes, REMEMBERED),
        };
        if kept.len() == most {
            kept.pop_front();
        }
        kept.push_back(entry);
    }

    /// The remembered calls, newest first, without questions.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Entry> {
        let (mut reads, mut writes) = (self.reads.iter().rev().peekable(), self.writes.iter().rev().peekable());
        std::iter::from_fn(move || match (reads.peek(), writes.peek()) {
            (Some(read), Some(write)) if write.number > read.number => writes.next(),
            (None, _) => writes.next(),
            _ => reads.next(),
        })
    }

    /// Calls and questions, oldest first.
    pub(crate) fn all(&self) -> Vec<&Entry> {
        let mut all: Vec<&Entry> = self.reads.iter().chain(&self.writes).chain(&self.questions).collect();
        all.sort_by_key(|entry| entry.number);
        all
    }

    /// How many calls of a method, type (lower case) and status there were since the start or the last [`Log::clear`].
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&str, &str, u16, u64)> {
        self.counts.iter().map(|((method, kind, status), count)| (method.as_str(), kind.as_str(), *status, *count))
    }

    /// Forgets all; numbers go on.
    pub(crate) fn clear(&mut self) {
        self.reads.clear();
        self.writes.clear();
        self.questions.clear();
        self.counts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Log, QUESTIONS, REMEMBERED};

    fn entry(kind: &str) -> Entry {
        Entry {
            number: 0,
            time: jiff::Timestamp::UNIX_EPOCH,
            method: "GET".to_owned(),
            kind: kind.to_owned(),
            path: "/".to_owned(),
            api_version: String::new(),
            status: 200,
            client: String::new(),
            agent: String::new(),
            request_id: String::new(),
            condition: None,
            fault: None,
        }
    }

    #[test]
    fn questions_push_no_call_out() {
        let mut log = Log::default();
        log.add(entry("Microsoft.Network/dnsZones"));
        (0..3_000).for_each(|_| log.add(entry("dns")));
        let all = log.all();
        assert_eq!((all.len(), all[0].number, log.newest().count()), (QUESTIONS + 1, 1, 1));
        assert_eq!(log.counts().map(|(.., count)| count).sum::<u64>(), 3_001);
    }

    #[test]
    fn reads_push_no_write_out() {
        let mut log = Log::default();
        log.add(Entry { method: "PUT".to_owned(), ..entry("Microsoft.Network/dnsZones") });
        (0..3_000).for_each(|_| log.add(entry("Microsoft.Network/dnsZones")));
        let calls = log.all();
        assert_eq!((calls.len(), calls[0].method.as_str(), calls[1].number), (REMEMBERED + 1, "PUT", 1_002));
        let numbers = |log: &Log| log.newest().map(|entry| entry.number).collect::<Vec<_>>();
        let newest = numbers(&log);
        assert_eq!((newest.len(), newest[0], &newest[REMEMBERED - 1..]), (REMEMBERED + 1, 3_001, &[1_002, 1][..]));
        log.add(Entry { method: "DELETE".to_owned(), ..entry("Microsoft.Network/dnsZones") });
        assert_eq!(numbers(&log)[..2], [3_002, 3_001]);
    }
}
