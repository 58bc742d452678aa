"""Every way to run Bellwether, and the one console command."""
