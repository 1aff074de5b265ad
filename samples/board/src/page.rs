//! The page: the posts, and a form for the next one.

use crate::posts::Post;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#12343b;\
background:#f4f1ea}article,form{background:#fff;border-radius:.5rem;padding:1rem 1.25rem;margin:1rem 0}h2{margin:0;font-size:1.1rem}\
p{margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere}time,footer{color:#6a7f83;font-size:.85rem}\
input,textarea{font:inherit;width:100%;box-sizing:border-box;margin:.3rem 0;padding:.4rem;border:1px solid #b9c6c4;border-radius:.3rem}\
button{font:inherit;padding:.4rem 1rem;border:0;border-radius:.3rem;background:#12343b;color:#fff}";

pub fn render(posts: &[Post], pod: &str) -> String {
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>board</title><style>{STYLE}</style><h1>board</h1>\
         <form method=post action=/post><label>Title <input name=title required></label>\
         <label>Content <textarea name=content rows=3 required></textarea></label><button>Post</button></form>\n"
    );
    if posts.is_empty() {
        page.push_str("<p>No posts yet.</p>\n");
    }
    for post in posts {
        let (title, content, time) = (escape(&post.title), escape(&post.content), escape(&post.posted_at));
        page.push_str(&format!("<article><h2>{title}</h2><p>{content}</p><time>{time}</time></article>\n"));
    }
    page.push_str(&format!("<footer>answered by {}</footer>\n", escape(pod)));
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
