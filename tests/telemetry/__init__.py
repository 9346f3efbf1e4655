"""What OpenTelemetry is told, on asyncio, uvloop and trio."""
