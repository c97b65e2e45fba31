//! What `serve` is given. Binds nothing.

use std::net::{Ipv4Addr, SocketAddr};

use super::Given;
use crate::app::failure::Failure;

/// How to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Serve {
    /// `--listen` or `--port`, when one was given.
    pub(in crate::app) listen: Option<SocketAddr>,
    pub(in crate::app) allowed_hosts: Vec<String>,
}

impl Given<'_> {
    pub(super) fn serve(&mut self) -> Result<Serve, Failure> {
        let listen =
            self.read("listen", "an IP address and a port, such as 127.0.0.1:3001", |text| text.parse().ok())?;
        let port = self.read("port", "a whole number from 0 to 65535", |text| text.parse::<u16>().ok())?;
        if listen.is_some() && port.is_some() {
            return Err(self.wrong("`--listen` names the port already"));
        }
        let listen = listen.or_else(|| port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        Ok(Serve { listen, allowed_hosts: self.take_all("allow-host")? })
    }
}

#[cfg(test)]
mod tests {
    use super::Serve;
    use crate::app::command::Command;
    use crate::app::command::tests::read;

    #[test]
    fn a_server_listens_where_it_is_told_and_may_have_several_names() {
        let serve = |line: &[&str]| read(line).map(|parsed| parsed.command);
        let served = |address: Option<&str>, names: &[&str]| {
            let listen = address.map(|address| address.parse().unwrap());
            Ok(Command::Serve(Serve { listen, allowed_hosts: names.iter().map(|name| (*name).to_owned()).collect() }))
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
}
