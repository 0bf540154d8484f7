//! The fuzz targets of the core: each takes any bytes and panics where an invariant does not hold.

pub(in crate::core) mod highlight;
mod keys;
mod lines;
mod model;
mod prefilter;
mod screen;
mod script;
pub(in crate::core) mod session;
mod transfer;

pub use highlight::highlight;
pub use keys::keys;
pub use lines::lines;
pub use prefilter::prefilter;
pub use screen::screen;
pub use session::session;
pub use transfer::transfer;
