// Package process runs servers as processes of their own, so that they share only the machine with their
// load generator.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Process is a running server.
type Process struct {
	Address string
	command *exec.Cmd
}

// Self starts this program again with other arguments. The new process must call Announce.
func Self(arguments ...string) (*Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := newProcess("", append([]string{program}, arguments...))
	p.command.Stderr = os.Stderr
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("process: %v did not start", arguments), p.Stop())
	}
	p.Address = strings.TrimSpace(line)
	return p, nil
}

// Announce reports the listener's address to the parent process.
func Announce(l net.Listener) { fmt.Println(l.Addr()) }

// Start starts another program and waits until it listens at address.
func Start(ctx context.Context, address string, command ...string) (*Process, error) {
	p := newProcess(address, command)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return p, conn.Close()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("process: %s does not listen: %w", command[0], ctx.Err()), p.Stop())
		case <-time.After(100 * time.Microsecond):
		}
	}
}

func newProcess(address string, command []string) *Process {
	p := &Process{Address: address, command: exec.Command(command[0], command[1:]...)} //nolint:gosec // the caller chooses the command; Stop ends it
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                        // Stop also ends its children
	return p
}

// Stop kills the process and its children.
func (p *Process) Stop() error {
	if err := syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL); err != nil {
		return err
	}
	_ = p.command.Wait() // the error is that it was killed
	return nil
}

// FreeAddress returns an unused loopback address.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
