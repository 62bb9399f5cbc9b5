"""Everything durable: tables, migrations, the journal, status sinks, commands and cold reads."""
