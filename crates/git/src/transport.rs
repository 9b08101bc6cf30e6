//! libgit2's smart transport over our HTTP session.
//!
//! libgit2 makes transports from a process-global table and hands errors on as a number and a text. The session of the
//! operation is therefore found by thread (libgit2 calls back on the thread that called it), and what really went wrong
//! is kept in the session.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::sync::Arc;

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};
use git2::{Error, ErrorClass, ErrorCode, Remote};
use reqwest::blocking::Response;

use crate::FetchError;
use crate::session::Session;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Session>>> = const { RefCell::new(None) };
}

/// Runs `work` with `session` as this thread's session.
pub(crate) fn within<T>(session: &Arc<Session>, work: impl FnOnce() -> T) -> T {
    struct Restore(Option<Arc<Session>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.with(|current| *current.borrow_mut() = self.0.take());
        }
    }
    let _restore = Restore(CURRENT.with(|current| current.borrow_mut().replace(Arc::clone(session))));
    work()
}

/// Makes a transport for `remote`; registered for `http` and `https`.
pub(crate) fn make(remote: &Remote<'_>) -> Result<Transport, Error> {
    let session =
        CURRENT.with(|current| current.borrow().clone()).ok_or_else(|| net_error("no session on this thread"))?;
    Transport::smart(remote, true, Subtransport { session })
}

struct Subtransport {
    session: Arc<Session>,
}

impl SmartSubtransport for Subtransport {
    fn action(&self, _url: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, Error> {
        let name = match service {
            Service::UploadPackLs | Service::UploadPack => "git-upload-pack",
            Service::ReceivePackLs | Service::ReceivePack => "git-receive-pack",
        };
        let answer = match service {
            Service::UploadPackLs | Service::ReceivePackLs => {
                Some(self.session.advertisement(name).map_err(|error| self.keep(error))?)
            }
            Service::UploadPack | Service::ReceivePack => None,
        };
        let advertisement = answer.is_some();
        Ok(Box::new(Stream { session: Arc::clone(&self.session), name, advertisement, request: Vec::new(), answer }))
    }

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl Subtransport {
    fn keep(&self, error: FetchError) -> Error {
        self.session.fail(error);
        net_error("request failed")
    }
}

/// One request and its answer: everything written is the body, the first read sends it.
struct Stream {
    session: Arc<Session>,
    name: &'static str,
    advertisement: bool,
    request: Vec<u8>,
    answer: Option<Response>,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.request.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.answer.is_none() {
            let body = std::mem::take(&mut self.request);
            let answer = self.session.call(self.name, body).map_err(|error| self.keep(error))?;
            self.answer = Some(answer);
        }
        let Some(answer) = self.answer.as_mut() else { return Ok(0) };
        self.session.check_time().map_err(|error| self.session.failed(error))?;
        let count = answer.read(buffer).map_err(|error| {
            let error = self.session.read_error(&error);
            self.session.failed(error)
        })?;
        self.session.count(self.advertisement, count).map_err(|error| self.session.failed(error))?;
        Ok(count)
    }
}

impl Stream {
    fn keep(&self, error: FetchError) -> io::Error {
        self.session.failed(error)
    }
}

fn net_error(message: &str) -> Error {
    Error::new(ErrorCode::GenericError, ErrorClass::Net, message)
}
