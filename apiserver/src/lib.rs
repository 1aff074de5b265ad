//! The API server: one way in for every request.
