//! The API client: informers, the work queue, the controller row and its manager.
