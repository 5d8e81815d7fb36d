//! Runs as OpenTelemetry traces and metrics, sent by OTLP.
