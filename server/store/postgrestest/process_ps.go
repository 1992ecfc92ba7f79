//go:build unix && !linux

package postgrestest

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// endWithUs does nothing: only Linux ends a process with the one that has started it.
func endWithUs(*syscall.SysProcAttr) {}

// childrenOf returns the children of a process.
func childrenOf(parent int) ([]int, error) {
	output, err := exec.CommandContext(context.Background(), "ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil, err
	}
	var children []int
	for line := range strings.Lines(string(output)) {
		var pid, of int
		if _, err := fmt.Sscan(line, &pid, &of); err != nil {
			return nil, err
		}
		if of == parent {
			children = append(children, pid)
		}
	}
	return children, nil
}
