//go:build !unix

package postgrestest

import (
	"errors"
	"os"
	"os/exec"
)

// socketFolder is empty: the server has no socket here.
func socketFolder(string) string { return "" }

// prepare has nothing to do here.
func prepare(*exec.Cmd, bool) error { return nil }

// giveAway has nothing to do here.
func giveAway(string) error { return nil }

// interrupt ends the server at once: it cannot be asked to end here.
func interrupt(process *os.Process) error { return process.Kill() }

// abort ends the server at once.
func abort(process *os.Process) error { return process.Kill() }

// kill ends the program. Its children end by themselves as soon as they see it.
func (p *process) kill() error {
	if p.ended() {
		return nil
	}
	if err := p.command.Process.Kill(); err != nil {
		return err
	}
	return poll(patience, func() (bool, error) { return p.ended(), nil })
}

var errNoPause = errors.New("this system cannot stop a process and let it go on")

func (p *process) pause() error { return errNoPause }

func (p *process) resume() error { return nil }
