// Command bench measures what a click costs: instructions, host calls, memory
// and time, stage by stage, and compares it with other implementations in the
// same run.
//
//	go run .                measure everything; write RESULTS.md,
//	                        results.json and plot.svg
//	go run . -quick         the same in a few minutes, with fewer clicks
//	go run . budget         fail if a click costs more than budget.json allows
//	go run . profile KIND   show the instructions of a click by function; with
//	                        -pages, what maps each window and page of memory
//	go run . servers        compare clickedge server with nginx, Caddy, and
//	                        hosts of the module; write SERVERS.md
//	go run . wizer          compare edge/prewarm with Wizer; write WIZER.md
//
// Times are of a host in Rust (the crate in host), which cargo builds; without
// cargo nothing is timed on wasmtime, and counts are as ever. Progress goes to
// standard error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "profile":
			return runProfile(ctx, args[1:])
		case "budget":
			return runBudget(ctx, args[1:])
		case "servers":
			return runServers(ctx, args[1:])
		case "hosts":
			return runHosts(ctx, args[1:])
		case "wizer":
			return runWizer(ctx, args[1:])
		}
	}
	return runBench(ctx, args)
}

// progress prints what is being done.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
