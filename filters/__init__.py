"""Pure judgement: text in, evidence out. No I/O, no clock, no asyncio, no TwitchIO."""
