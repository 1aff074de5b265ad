//! Where posts are kept: MySQL if `DB_URL` says so, else the file that `BOARD_FILE` names.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    time::SystemTime,
};

use crate::mysql::{Connection, Settings};

pub struct Post {
    pub title: String,
    pub content: String,
    pub posted_at: String,
}

pub enum Posts {
    File(String),
    MySql(Connection),
}

impl Posts {
    pub fn from_env() -> Result<Self, String> {
        match std::env::var("DB_URL") {
            Ok(url) => Ok(Self::MySql(Connection::open(&Settings::from_env(&url)?)?)),
            Err(_) => Ok(Self::File(std::env::var("BOARD_FILE").map_err(|_| "set `DB_URL` or `BOARD_FILE`")?)),
        }
    }

    /// The newest first.
    pub fn list(&mut self) -> Result<Vec<Post>, String> {
        match self {
            Self::File(path) => read(path),
            Self::MySql(connection) => connection.list(),
        }
    }

    pub fn add(&mut self, title: &str, content: &str) -> Result<(), String> {
        match self {
            Self::File(path) => append(path, title, content),
            Self::MySql(connection) => connection.add(title, content),
        }
    }
}

/// A post is a line, its fields encoded as a form's are: no line break, no quoting of our own.
fn read(path: &str) -> Result<Vec<Post>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("`{path}`: {error}")),
    };
    let posts = text.lines().rev().map(|line| {
        let mut post = Post { title: String::new(), content: String::new(), posted_at: String::new() };
        for (name, value) in form_urlencoded::parse(line.as_bytes()) {
            match &*name {
                "title" => post.title = value.into_owned(),
                "content" => post.content = value.into_owned(),
                "posted_at" => post.posted_at = value.into_owned(),
                _ => {}
            }
        }
        post
    });
    Ok(posts.collect())
}

fn append(path: &str, title: &str, content: &str) -> Result<(), String> {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let mut line = form_urlencoded::Serializer::new(String::new())
        .append_pair("title", title)
        .append_pair("content", content)
        .append_pair("posted_at", &now)
        .finish();
    line.push('\n');
    let write = || OpenOptions::new().create(true).append(true).open(path)?.write_all(line.as_bytes());
    write().map_err(|error| format!("`{path}`: {error}"))
}
