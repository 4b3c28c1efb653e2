use super::*;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("remex-signal-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    fn signal(&self) -> SignalFile {
        SignalFile::new(&self.0.join("Go.sig")).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Attempts until the file counts as finished, for file systems without leases.
fn take(taker: &mut Taker) -> Attempt {
    for _ in 0..100 {
        match taker.attempt(false).unwrap() {
            Attempt::Unfinished => std::thread::sleep(Duration::from_millis(10)),
            attempt => return attempt,
        }
    }
    Attempt::Unfinished
}

#[test]
fn a_signal_is_taken_once_and_leaves_nothing() {
    let scratch = Scratch::new("once");
    let signal = scratch.signal();
    let mut taker = Taker::new(signal.clone());
    assert_eq!(taker.attempt(false).unwrap(), Attempt::Absent);
    signal.send(b"42\n").unwrap();
    assert_eq!(scratch.names(), ["Go.sig"]);
    assert_eq!(take(&mut taker), Attempt::Taken(b"42\n".to_vec()));
    assert_eq!(taker.attempt(false).unwrap(), Attempt::Absent);
    assert!(scratch.names().is_empty());
}

#[test]
fn a_second_signal_replaces_one_that_nobody_has_taken() {
    let scratch = Scratch::new("replace");
    let signal = scratch.signal();
    signal.send(b"first\n").unwrap();
    signal.send(b"").unwrap();
    assert_eq!(take(&mut Taker::new(signal)), Attempt::Taken(Vec::new()));
}

#[test]
fn a_file_that_is_being_written_is_left_alone() {
    let scratch = Scratch::new("half");
    let signal = scratch.signal();
    let mut writer = File::create(signal.path()).unwrap();
    writer.write_all(b"ha").unwrap();
    let mut taker = Taker::new(signal);
    assert_eq!(taker.attempt(false).unwrap(), Attempt::Unfinished);
    writer.write_all(b"lf\n").unwrap();
    assert_eq!(taker.attempt(false).unwrap(), Attempt::Unfinished);
    drop(writer);
    assert_eq!(take(&mut taker), Attempt::Taken(b"half\n".to_vec()));
}

#[test]
fn what_is_taken_and_not_read_is_put_back() {
    let scratch = Scratch::new("back");
    let signal = scratch.signal();
    signal.send(b"x\n").unwrap();
    let mut taker = Taker::new(signal.clone());
    assert!(taker.take().unwrap());
    assert_ne!(scratch.names(), ["Go.sig"]);
    drop(taker);
    assert_eq!(scratch.names(), ["Go.sig"]);
    let mut taker = Taker::new(signal.clone());
    assert!(taker.take().unwrap());
    signal.send(b"newer\n").unwrap();
    drop(taker);
    assert_eq!(scratch.names(), ["Go.sig"]);
    assert_eq!(
        take(&mut Taker::new(signal)),
        Attempt::Taken(b"newer\n".to_vec())
    );
}

#[test]
fn of_several_waiters_exactly_one_gets_each_signal() {
    const SIGNALS: usize = 200;
    let scratch = Scratch::new("many");
    let signal = scratch.signal();
    let taken = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let waiters: Vec<_> = (0..4)
        .map(|_| {
            let (signal, taken, done) = (signal.clone(), taken.clone(), done.clone());
            std::thread::spawn(move || {
                let mut taker = Taker::new(signal);
                while !done.load(Ordering::Relaxed) {
                    if let Attempt::Taken(content) = taker.attempt(true).unwrap() {
                        taken
                            .lock()
                            .unwrap()
                            .push(String::from_utf8(content).unwrap());
                    }
                    std::thread::yield_now();
                }
            })
        })
        .collect();
    for number in 0..SIGNALS {
        signal.send(format!("{number}\n").as_bytes()).unwrap();
        let start = Instant::now();
        while taken.lock().unwrap().len() <= number {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "signal {number} was lost"
            );
            std::thread::yield_now();
        }
    }
    done.store(true, Ordering::Relaxed);
    for waiter in waiters {
        waiter.join().unwrap();
    }
    let mut taken = taken.lock().unwrap().clone();
    taken.sort_by_key(|line| line.trim().parse::<usize>().unwrap());
    let expected: Vec<String> = (0..SIGNALS).map(|number| format!("{number}\n")).collect();
    assert_eq!(*taken, *expected);
    assert!(scratch.names().is_empty());
}

#[test]
fn failures_name_what_was_tried() {
    let scratch = Scratch::new("fail");
    let nowhere = SignalFile::new(&scratch.0.join("no/Go.sig")).unwrap();
    let failure = nowhere.send(b"x").unwrap_err();
    assert_eq!(
        (failure.what, failure.error.kind()),
        ("couldn't open", ErrorKind::NotFound)
    );
    assert_eq!(Taker::new(nowhere).attempt(false).unwrap(), Attempt::Absent);
    std::fs::create_dir(scratch.0.join("Go.sig")).unwrap();
    let failure = scratch.signal().send(b"x").unwrap_err();
    assert_eq!(
        (failure.what, failure.error.kind()),
        ("couldn't open", ErrorKind::IsADirectory)
    );
    let failure = Taker::new(scratch.signal()).attempt(false).unwrap_err();
    assert_eq!(
        (failure.what, failure.error.raw_os_error()),
        ("couldn't open", Some(libc::EISDIR))
    );
    assert_eq!(scratch.names(), ["Go.sig"]);
}
