//! A connection to MySQL or MariaDB: the packets are `mysql_common`'s, the stream is the pod's own socket.

use std::{
    io::{self, Read as _, Write as _},
};

use mysql_common::{
    auth::plugins::mysql_native_password::scramble_native,
    constants::{CapabilityFlags, DEFAULT_MAX_ALLOWED_PACKET},
    io::ParseBuf,
    misc::raw::{RawBytes, bytes::LenEnc},
    packets::{
        AuthPlugin, AuthSwitchRequest, ComStmtExecuteRequestBuilder, ErrPacket, HandshakePacket, HandshakeResponse,
        StmtPacket,
    },
    proto::{MyDeserialize, MySerialize},
    value::Value,
};

use crate::{posts::Post, socket::Socket};

pub struct Settings {
    host: String,
    port: u16,
    database: String,
    user: String,
    password: String,
}

impl Settings {
    /// Reads the JDBC form, `jdbc:mysql://host:port/database?options`; the options are the JDBC driver's own.
    pub fn from_env(url: &str) -> Result<Self, String> {
        let wrong = || format!("`DB_URL` is `{url}`, not `jdbc:mysql://host:port/database`");
        let rest = url.trim_start_matches("jdbc:").strip_prefix("mysql://").ok_or_else(wrong)?;
        let (address, rest) = rest.split_once('/').ok_or_else(wrong)?;
        let (host, port) = address.split_once(':').unwrap_or((address, "3306"));
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().map_err(|_| wrong())?,
            database: rest.split('?').next().unwrap_or_default().to_owned(),
            user: variable("DB_USER_NAME"),
            password: variable("DB_USER_PASSWORD"),
        })
    }
}

pub struct Connection {
    stream: Socket,
    /// Of the next packet; each command counts from 0.
    sequence: u8,
    capabilities: CapabilityFlags,
}

impl Connection {
    pub fn open(settings: &Settings) -> Result<Self, String> {
        let Settings { host, port, .. } = settings;
        let socket = Socket::connect(host, *port).map_err(|error| format!("cannot connect to `{host}:{port}`: {error}"))?;
        let capabilities = CapabilityFlags::CLIENT_PROTOCOL_41
            | CapabilityFlags::CLIENT_SECURE_CONNECTION
            | CapabilityFlags::CLIENT_PLUGIN_AUTH
            | CapabilityFlags::CLIENT_CONNECT_WITH_DB
            | CapabilityFlags::CLIENT_TRANSACTIONS;
        let mut connection = Self { stream: socket, sequence: 0, capabilities };
        connection.sign_in(settings)?;
        Ok(connection)
    }

    /// The newest post first.
    pub fn list(&mut self) -> Result<Vec<Post>, String> {
        let rows = self.query("select title, content, date_format(posted_at, '%Y-%m-%d %H:%i:%s') from post order by id desc")?;
        rows.iter().map(|row| read_post(row)).collect()
    }

    pub fn add(&mut self, title: &str, content: &str) -> Result<(), String> {
        let statement = self.prepare("insert into post(title, content, posted_at) values (?, ?, now())")?;
        let values = [Value::from(title), Value::from(content)];
        let (request, _) = ComStmtExecuteRequestBuilder::new(statement).build(&values);
        self.command(&serialized(&request))?;
        self.receive().map(drop)
    }

    fn sign_in(&mut self, settings: &Settings) -> Result<(), String> {
        let greeting = self.receive()?;
        let greeting: HandshakePacket<'_> = parse((), &greeting)?;
        let plugin = greeting.auth_plugin().unwrap_or(AuthPlugin::MysqlNativePassword);
        let scramble = prove(&plugin, &greeting.nonce(), &settings.password)?;
        let response = HandshakeResponse::new(
            Some(scramble),
            // only decides that the collation is utf8mb4; parsing the real one would bring a regex engine along
            (5, 7, 0),
            Some(settings.user.as_bytes()),
            Some(settings.database.as_bytes()),
            Some(plugin),
            self.capabilities & greeting.capabilities(),
            None,
            DEFAULT_MAX_ALLOWED_PACKET as u32,
        );
        self.send(&serialized(&response))?;
        loop {
            let packet = self.receive()?;
            match packet.first() {
                Some(0x00) => return Ok(()),
                Some(0xfe) => {
                    let switch: AuthSwitchRequest<'_> = parse((), &packet)?;
                    let proof = prove(&switch.auth_plugin(), switch.plugin_data(), &settings.password)?;
                    self.send(&proof)?;
                }
                // caching_sha2_password found the password in its cache; OK follows
                Some(0x01) if packet.get(1) == Some(&3) => {}
                _ => return Err("the server asks for a way to sign in that needs TLS".into()),
            }
        }
    }

    /// The rows as they came.
    fn query(&mut self, sql: &str) -> Result<Vec<Vec<u8>>, String> {
        self.command(&[&[0x03], sql.as_bytes()].concat())?;
        let header = self.receive()?;
        let count = header.first().copied().unwrap_or_default();
        // a description of each column, closed by an end packet; we know what we asked for
        for _ in 0..=count {
            self.receive()?;
        }
        let mut rows = Vec::new();
        loop {
            let packet = self.receive()?;
            if is_end(&packet) {
                return Ok(rows);
            }
            rows.push(packet);
        }
    }

    fn prepare(&mut self, sql: &str) -> Result<u32, String> {
        self.command(&[&[0x16], sql.as_bytes()].concat())?;
        let statement: StmtPacket = parse((), &self.receive()?)?;
        // descriptions of parameters and columns, each list closed by an end packet
        for count in [statement.num_params(), statement.num_columns()] {
            for _ in 0..if count == 0 { 0 } else { count + 1 } {
                self.receive()?;
            }
        }
        Ok(statement.statement_id())
    }

    fn command(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.sequence = 0;
        self.send(bytes)
    }

    /// One packet: three bytes of length, one of sequence, and the rest. No packet of ours comes near 16 MB, from where
    /// on they are cut in pieces.
    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let length = (bytes.len() as u32).to_le_bytes();
        let packet = [&[length[0], length[1], length[2], self.sequence], bytes].concat();
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(&packet).and_then(|()| self.stream.flush()).map_err(|error| format!("the database went away: {error}"))
    }

    /// The next packet; the server's own error becomes ours.
    fn receive(&mut self) -> Result<Vec<u8>, String> {
        let mut read = || {
            let mut header = [0; 4];
            self.stream.read_exact(&mut header)?;
            let mut packet = vec![0; u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize];
            self.stream.read_exact(&mut packet)?;
            self.sequence = header[3].wrapping_add(1);
            Ok(packet)
        };
        let packet = read().map_err(|error: io::Error| format!("the database went away: {error}"))?;
        if packet.first() == Some(&0xff) {
            let error: ErrPacket<'_> = parse(self.capabilities, &packet)?;
            return Err(error.to_string());
        }
        Ok(packet)
    }
}

/// Shows the server that the password is known, in the way that it asked for. No password is proved by nothing.
fn prove(plugin: &AuthPlugin<'_>, nonce: &[u8], password: &str) -> Result<Vec<u8>, String> {
    match plugin {
        _ if password.is_empty() => Ok(Vec::new()),
        AuthPlugin::MysqlNativePassword => {
            Ok(scramble_native(nonce, password.as_bytes()).map(Vec::from).unwrap_or_default())
        }
        other => Err(format!("the server asks for `{}`", String::from_utf8_lossy(other.as_bytes()))),
    }
}

/// A row of text is one string with its length for each column.
fn read_post(row: &[u8]) -> Result<Post, String> {
    let mut rest = ParseBuf(row);
    let mut text = || match rest.parse::<RawBytes<'_, LenEnc>>(()) {
        Ok(bytes) => Ok(bytes.as_str().into_owned()),
        Err(error) => Err(format!("the database sent half a row: {error}")),
    };
    Ok(Post { title: text()?, content: text()?, posted_at: text()? })
}

fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

fn serialized(packet: &impl MySerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.serialize(&mut bytes);
    bytes
}

fn parse<'de, T: MyDeserialize<'de>>(context: T::Ctx, packet: &'de [u8]) -> Result<T, String> {
    T::deserialize(context, &mut ParseBuf(packet)).map_err(|error| format!("the database speaks another protocol: {error}"))
}
