//! The grammar of `serve` and `host`: rows of the table of commands, and their options read. Runs nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use super::{CommandRow, Given, OperandRow, OptionRow, STORE};
use crate::app::console::failure::Failure;
use crate::host::Assignment;

const LISTEN: OptionRow =
    OptionRow { name: "listen", value: Some("ADDRESS:PORT"), says: "listen there: there are no credentials" };
const PORT: OptionRow = OptionRow { name: "port", value: Some("PORT"), says: "listen on this port of 127.0.0.1" };
const ALLOW_HOST: OptionRow =
    OptionRow { name: "allow-host", value: Some("NAME..."), says: "a name that clients may call it by" };
const FUNCTION_TIMEOUT: OptionRow = OptionRow {
    name: "function-timeout",
    value: Some("SECONDS"),
    says: "kill a process whose invocation takes longer (default: 900)",
};
const MAX_PROCESSES: OptionRow =
    OptionRow { name: "max-processes", value: Some("N"), says: "processes of one function at a time (default: 8)" };

/// `serve`.
pub(super) const SERVE: CommandRow = CommandRow {
    name: "serve",
    operands: &[],
    says: "serve the functions by the AWS Lambda API until it is interrupted",
    more: "Goes on with everything unfinished first. AWS SDKs, the AWS CLI and boto3 are its clients: start with Invoke.\n\
           Without --listen or --port it listens on 127.0.0.1:3001; port 0 is any free one.\n\
           A --function takes the place of the program's own of that name. COMMAND starts any program with a Lambda\n\
           runtime in it; an http:// address is a Lambda Invoke endpoint.",
    options: &[
        LISTEN,
        PORT,
        ALLOW_HOST,
        OptionRow {
            name: "function",
            value: Some("NAME=COMMAND|URL..."),
            says: "a durable function that runs in processes of its own",
        },
        OptionRow {
            name: "plain-function",
            value: Some("NAME=COMMAND|URL..."),
            says: "one without durable operations, to be invoked by others",
        },
        OptionRow {
            name: "timeout",
            value: Some("SECONDS"),
            says: "end executions that are started here as TIMED_OUT after this time",
        },
        FUNCTION_TIMEOUT,
        MAX_PROCESSES,
        STORE,
    ],
};

/// `host`.
pub(super) const HOST: CommandRow = CommandRow {
    name: "host",
    operands: &[OperandRow { name: "NAME=COMMAND...", required: true }],
    says: "run functions in processes and pass Invokes on to them, without executions of its own",
    more: "For another service that drives the functions: it starts executions and keeps their state, this only runs\n\
           them. Without --listen or --port it listens on 127.0.0.1:3001; port 0 is any free one.",
    options: &[
        LISTEN,
        PORT,
        ALLOW_HOST,
        OptionRow {
            name: "endpoint",
            value: Some("URL"),
            says: "where the functions find that service (default: as in the environment)",
        },
        FUNCTION_TIMEOUT,
        MAX_PROCESSES,
    ],
};

/// How to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app::console) struct Serve {
    pub(in crate::app::console) net: Net,
    /// Durable functions that run elsewhere.
    pub(in crate::app::console) functions: Vec<Assignment>,
    /// Plain ones.
    pub(in crate::app::console) plain_functions: Vec<Assignment>,
    /// How long an execution may take that has no timeout of its own.
    pub(in crate::app::console) timeout: Option<Duration>,
    pub(in crate::app::console) processes: Processes,
}

/// How to host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app::console) struct Host {
    pub(in crate::app::console) net: Net,
    pub(in crate::app::console) functions: Vec<Assignment>,
    pub(in crate::app::console) endpoint: Option<String>,
    pub(in crate::app::console) processes: Processes,
}

/// Where to listen, and to whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::app::console) struct Net {
    /// `--listen` or `--port`, when one was given.
    pub(in crate::app::console) listen: Option<SocketAddr>,
    pub(in crate::app::console) allowed_hosts: Vec<String>,
}

/// How functions run in processes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::app::console) struct Processes {
    pub(in crate::app::console) function_timeout: Option<Duration>,
    pub(in crate::app::console) max: Option<NonZeroUsize>,
}

impl Given<'_> {
    pub(super) fn serve(&mut self) -> Result<Serve, Failure> {
        let functions = self.take_all("function")?;
        let functions = self.assignments("--function ", functions)?;
        let plain_functions = self.take_all("plain-function")?;
        let plain_functions = self.assignments("--plain-function ", plain_functions)?;
        if let Some(twice) = twice(functions.iter().chain(&plain_functions)) {
            return Err(self.wrong(&format!("the function `{twice}` is given twice")));
        }
        let timeout = self.seconds("timeout")?;
        Ok(Serve { net: self.net()?, functions, plain_functions, timeout, processes: self.processes()? })
    }

    pub(super) fn host(&mut self) -> Result<Host, Failure> {
        let functions = std::mem::take(&mut self.operands);
        let functions = self.assignments("", functions)?;
        if let Some(twice) = twice(functions.iter()) {
            return Err(self.wrong(&format!("the function `{twice}` is given twice")));
        }
        let endpoint = self.read("endpoint", "http://HOST:PORT of a durable execution service", |url| {
            let whole = url.starts_with("http://") || url.starts_with("https://");
            whole.then(|| url.trim_end_matches('/').to_owned())
        })?;
        Ok(Host { net: self.net()?, functions, endpoint, processes: self.processes()? })
    }

    fn assignments(&self, option: &str, given: Vec<String>) -> Result<Vec<Assignment>, Failure> {
        let read = |text: String| Assignment::parse(&text).map_err(|error| self.wrong(&format!("{option}{error}")));
        given.into_iter().map(read).collect()
    }

    fn net(&mut self) -> Result<Net, Failure> {
        let listen =
            self.read("listen", "an IP address and a port, such as 127.0.0.1:3001", |text| text.parse().ok())?;
        let port = self.read("port", "a whole number from 0 to 65535", |text| text.parse::<u16>().ok())?;
        if listen.is_some() && port.is_some() {
            return Err(self.wrong("`--listen` names the port already"));
        }
        let listen = listen.or_else(|| port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        let allowed_hosts = self.take_all("allow-host")?;
        if let Some(wrong) = allowed_hosts.iter().find(|name| !is_host_name(name)) {
            return Err(self.wrong(&format!("`--allow-host {wrong}`: a name alone, such as box.test")));
        }
        Ok(Net { listen, allowed_hosts })
    }

    fn processes(&mut self) -> Result<Processes, Failure> {
        let function_timeout = self.seconds("function-timeout")?;
        let max = self.read("max-processes", "a whole number, at least 1", |text| text.parse().ok())?;
        Ok(Processes { function_timeout, max })
    }
}

/// Whether a request can call a server so: neither a scheme nor a port is part of the name.
fn is_host_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
}

/// A name that is assigned twice.
fn twice<'a>(mut assignments: impl Iterator<Item = &'a Assignment>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    assignments.find(|assignment| !seen.insert(&assignment.name)).map(|assignment| assignment.name.as_str())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Net, Processes, Serve};
    use crate::app::console::command::Command;
    use crate::app::console::command::tests::read;

    #[test]
    fn a_server_listens_where_it_is_told_and_may_have_several_names() {
        let serve = |line: &[&str]| read(line).map(|parsed| parsed.command);
        let served = |address: Option<&str>, names: &[&str]| {
            let listen = address.map(|address| address.parse().unwrap());
            let net = Net { listen, allowed_hosts: names.iter().map(|name| (*name).to_owned()).collect() };
            let processes = Processes::default();
            let (functions, plain_functions) = (Vec::new(), Vec::new());
            Ok(Command::Serve(Serve { net, functions, plain_functions, timeout: None, processes }))
        };
        assert_eq!(serve(&["serve"]), served(None, &[]));
        assert_eq!(serve(&["serve", "--port", "0"]), served(Some("127.0.0.1:0"), &[]));
        assert_eq!(serve(&["serve", "--listen", "[::]:80"]), served(Some("[::]:80"), &[]));
        let names = ["serve", "--allow-host", "a.test", "--allow-host=b.test"];
        assert_eq!(serve(&names), served(None, &["a.test", "b.test"]));
        let text = |line: &[&str]| read(line).unwrap_err().text;
        assert!(text(&["serve", "--listen", "everywhere"]).contains("such as 127.0.0.1:3001"));
        assert!(text(&["serve", "--port", "70000"]).contains("0 to 65535"));
        assert!(text(&["serve", "--port", "1", "--listen", "127.0.0.1:2"]).contains("names the port already"));
        assert!(text(&["serve", "--port", "1", "--port", "2"]).contains("given twice"));
    }

    #[test]
    fn a_server_says_how_long_executions_may_take_that_it_starts() {
        let timeout = |line: &[&str]| match read(line).unwrap().command {
            Command::Serve(serve) => serve.timeout,
            other => panic!("{other:?}"),
        };
        assert_eq!(timeout(&["serve", "--timeout", "60"]), Some(Duration::from_secs(60)));
        assert_eq!(timeout(&["serve"]), None);
        assert!(read(&["serve", "--timeout", "0"]).unwrap_err().text.contains("at least 1"));
    }
}
