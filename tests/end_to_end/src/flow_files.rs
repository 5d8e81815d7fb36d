//! What a flow takes from elsewhere: the environment, other files, and the parameters of a run.

mod includes;
mod params;
mod variables;
