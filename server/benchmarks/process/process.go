// Package process runs servers as processes of their own, so that who asks them over loopback shares
// nothing with them but the machine.
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

// Process is a server that runs.
type Process struct {
	Address string
	command *exec.Cmd
}

// Self starts this program again, with arguments. The new process must call Announce.
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
		return nil, errors.Join(fmt.Errorf("%v did not start", arguments), p.Stop())
	}
	p.Address = strings.TrimSpace(line)
	return p, nil
}

// Announce tells the process that started this one where it listens.
func Announce(l net.Listener) { fmt.Println(l.Addr()) }

// Start starts another program, and waits until it listens at address.
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
			return nil, errors.Join(fmt.Errorf("%s does not listen: %w", command[0], ctx.Err()), p.Stop())
		case <-time.After(100 * time.Microsecond):
		}
	}
}

func newProcess(address string, command []string) *Process {
	p := &Process{Address: address, command: exec.Command(command[0], command[1:]...)} //nolint:gosec // whoever calls it, chose it; Stop ends it
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                        // with all that it starts
	return p
}

// Stop ends the process, and all that it started.
func (p *Process) Stop() error {
	if err := syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL); err != nil {
		return err
	}
	_ = p.command.Wait() // it was killed
	return nil
}

// FreeAddress returns an address on which nobody listens.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
