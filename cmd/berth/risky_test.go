package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/drive"
	"github.com/berthd/berth/internal/change/journal"
)

// risky does a plan that may cut somebody off and harms nobody, and is the berth that
// takes it back:
//
//	risky WITHIN FILE CONTENT   write CONTENT into FILE, to be confirmed WITHIN
//	risky dies WITHIN FILE CONTENT
//	                            the same, and is gone before it has ended
//	risky unwatched             wait until nothing waits to take entry 1 back
func risky() {
	if slices.Contains(os.Args, "--unless-confirmed") {
		main()
		return
	}
	if err := tryRisky(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tryRisky(args []string) error {
	dir, err := journal.Place(false)
	if err != nil {
		return err
	}
	store, err := journal.Open(dir)
	if err != nil {
		return err
	}
	if args[0] == "unwatched" {
		for store.Watched(1) {
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond) // Windows removes no program that runs
		return nil
	}
	dies := args[0] == "dies"
	if dies {
		args = args[1:]
	}
	e := &apply.Engine{Drivers: drive.All(), Journal: store, By: journal.By{Boot: journal.Boot()}, Helper: drive.Helper(store)}
	if e.Confirm, err = time.ParseDuration(args[0]); err != nil {
		return err
	}
	e.Tell = func(p apply.Progress) {
		if dies && p.Stage == apply.Verified {
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
	}
	p, err := e.Prepare(context.Background(), plan.Plan{
		Version: plan.Version, Remedy: "move:test", Made: time.Now(), Cost: plan.Cost{CutsOff: "ssh"},
		Steps: []plan.Step{{Subject: plan.Subject{Kind: plan.File, Name: filepath.Clean(args[1])}, After: plan.State{"exists": "yes", "content": args[2]}, Class: plan.Reversible}},
	})
	if err != nil {
		return err
	}
	en, err := e.Run(context.Background(), p)
	if err == nil && en.Status() != journal.Unconfirmed {
		err = errors.New(string(en.Status()))
	}
	return err
}
