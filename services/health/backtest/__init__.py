"""`bellwether backtest`: stored history through the engine that runs live, judged by what came after."""
