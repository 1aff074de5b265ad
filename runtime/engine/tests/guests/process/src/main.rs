//! A process that does what its arguments say; the same source is the command component and the core module.
use std::{
    env, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream, ToSocketAddrs},
    time::Duration,
};

fn main() {
    let args: Vec<String> = env::args().collect();
    let arg = |n: usize| args[n].as_str();
    match arg(1) {
        "exit" => std::process::exit(arg(2).parse().unwrap()),
        #[cfg(target_env = "p2")]
        "exit-with-code" => wasip2::cli::exit::exit_with_code(arg(2).parse().unwrap()),
        "trap" => std::process::abort(),
        "spin" => loop {
            std::hint::black_box(());
        },
        "sleep" => std::thread::sleep(Duration::from_millis(arg(2).parse().unwrap())),
        "allocate" => println!("{}", std::hint::black_box(vec![1u8; arg(2).parse().unwrap()]).len()),
        "env" => env::vars().for_each(|(name, value)| println!("{name}={value}")),
        "print" => {
            println!("to stdout");
            eprintln!("to stderr");
        }
        "read" => println!("{:?}", fs::read_to_string(arg(2)).map_err(|error| error.kind())),
        "write" => println!("{:?}", fs::write(arg(2), arg(3)).map_err(|error| error.kind())),
        "stdin" => println!("{}", std::io::stdin().read_to_string(&mut String::new()).unwrap()),
        "resolve" => match (arg(2), 80).to_socket_addrs() {
            Ok(addresses) => addresses.for_each(|address| println!("{}", address.ip())),
            Err(error) => println!("{error}"),
        },
        "connect" => println!("{:?}", connect(arg(2), arg(3)).map_err(|error| error.kind())),
        "timeout" => {
            let limit = Duration::from_millis(50);
            println!("{:?}", TcpStream::connect_timeout(&arg(2).parse().unwrap(), limit).map_err(|error| error.kind()));
        }
        "wait" => println!("{:?}", wait(arg(2)).map_err(|error| error.kind())),
        "serve" => serve(arg(2)).unwrap(),
        other => panic!("unknown: {other}"),
    }
}

/// Sends, closes its side, and returns what came back with both ends' addresses.
fn connect(to: &str, text: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    stream.write_all(text.repeat(1000).as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut back = String::new();
    stream.read_to_string(&mut back)?;
    Ok(format!("{} bytes from {} at {}", back.len(), stream.peer_addr()?, stream.local_addr()?.ip()))
}

/// Waits a little for bytes that do not come.
fn wait(to: &str) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_millis(50)))?;
    stream.read(&mut [0; 10])
}

/// Answers one connection with what it sends, in capitals.
fn serve(at: &str) -> std::io::Result<()> {
    let listener = TcpListener::bind(at)?;
    let (mut stream, peer) = listener.accept()?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    stream.write_all(text.to_uppercase().as_bytes())?;
    println!("served {peer}");
    Ok(())
}
