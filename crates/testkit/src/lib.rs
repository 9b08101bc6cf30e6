//! Real control planes, git servers, DNS servers and fault injection for the tests and the demo
