//go:build unix && !linux

package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// endWithUs does nothing: only Linux ends a process with the one that has started it.
func endWithUs(*syscall.SysProcAttr) {}

// running reports whether a process has not ended. One that has may stay, without any files, until its
// parent takes note.
func running(pid int) (bool, error) {
	output, err := exec.CommandContext(context.Background(), "ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	var none *exec.ExitError // ps ends with 1 when there is no such process
	if errors.As(err, &none) {
		return false, nil
	}
	return !strings.HasPrefix(strings.TrimSpace(string(output)), "Z"), err
}

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
