//! Any bytes at all: an answer, whatever they are.
