//! A process that does what its arguments say, one word after the other: `print hello sleep 100 exit 3`.

use std::{env, fs, io::Write as _, time::Duration};

fn main() {
    let mut words = env::args().skip(1);
    while let Some(verb) = words.next() {
        let mut word = || words.next().unwrap_or_default();
        match verb.as_str() {
            "print" => println!("{}", word()),
            "complain" => eprintln!("{}", word()),
            "args" => println!("{:?}", env::args().collect::<Vec<_>>()),
            "env" => env::vars().for_each(|(name, value)| println!("{name}={value}")),
            "read" => println!("{}", read(&word())),
            "write" => println!("{}", write(&word(), &word())),
            // the second run of a container ends here
            "once" => {
                let marker = word();
                if fs::exists(&marker).unwrap_or_default() {
                    println!("again");
                    return;
                }
                fs::write(&marker, "was here").expect("the volume can be written");
            }
            "sleep" => std::thread::sleep(Duration::from_millis(number(&word()))),
            "flood" => flood(number(&word())),
            "exit" => wasip2::cli::exit::exit_with_code(number(&word()) as u8),
            "trap" => std::process::abort(),
            "spin" => loop {
                std::hint::black_box(0);
            },
            "allocate" => allocate(),
            other => panic!("unknown: {other}"),
        }
    }
}

fn number(word: &str) -> u64 {
    word.parse().expect("a number")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| format!("cannot read {path}: {:?}", error.kind()))
}

fn write(path: &str, text: &str) -> String {
    match fs::write(path, text) {
        Ok(()) => format!("wrote {path}"),
        Err(error) => format!("cannot write {path}: {:?}", error.kind()),
    }
}

/// So many lines of 100 bytes, as fast as they are taken.
fn flood(lines: u64) {
    let mut out = std::io::stdout().lock();
    for line in 0..lines {
        writeln!(out, "{line:099}").expect("stdout takes it");
    }
}

/// Memory until there is none.
fn allocate() {
    let mut all = Vec::new();
    loop {
        all.push(vec![1u8; 1 << 20]);
        std::hint::black_box(&all);
    }
}
