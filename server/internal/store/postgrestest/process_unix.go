//go:build unix

package postgrestest

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"sync"
	"syscall"
)

// socketFolder is where the server has its socket.
func socketFolder(folder string) string { return folder }

// prepare makes a command run as another user than root, which PostgreSQL refuses to be run by. One that
// stays gets a process group of its own, so that an interrupt at the terminal ends the tests first.
func prepare(command *exec.Cmd, stays bool) error {
	attributes := &syscall.SysProcAttr{Setpgid: stays}
	if stays {
		endWithUs(attributes)
	}
	if os.Geteuid() == 0 {
		other, err := unprivileged()
		if err != nil {
			return err
		}
		attributes.Credential = &other
	}
	command.SysProcAttr = attributes
	return nil
}

// giveAway lets the user of prepare own a file.
func giveAway(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	other, err := unprivileged()
	if err != nil {
		return err
	}
	return os.Chown(path, int(other.Uid), int(other.Gid))
}

// unprivileged returns a user to be instead of root.
var unprivileged = sync.OnceValues(func() (syscall.Credential, error) {
	found, err := user.Lookup("postgres")
	if err != nil {
		found, err = user.Lookup("nobody")
	}
	if err != nil {
		return syscall.Credential{}, err
	}
	u, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return syscall.Credential{}, err
	}
	g, err := strconv.ParseUint(found.Gid, 10, 32)
	return syscall.Credential{Uid: uint32(u), Gid: uint32(g)}, err
})

// interrupt asks for PostgreSQL's fast shutdown.
func interrupt(process *os.Process) error { return process.Signal(syscall.SIGINT) }

// abort asks for PostgreSQL's immediate shutdown, which gives back what the system keeps for the server.
func abort(process *os.Process) error { return process.Signal(syscall.SIGQUIT) }

// kill ends the program and its children with SIGKILL. The children are each in a group of their own, so
// they are looked for while the program, stopped, can make no more of them; left alone, they would
// finish what they are doing.
func (p *process) kill() error {
	if p.ended() {
		return nil
	}
	if err := p.pause(); err != nil {
		return err
	}
	killed := p.paused
	for _, pid := range killed {
		if err := signal(pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	p.paused = nil
	return poll(patience, func() (bool, error) {
		if !p.ended() {
			return false, nil
		}
		for _, child := range killed[1:] { // whose connections are open until it has ended, too
			if runs, err := running(child); runs || err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// pause stops the program and then its children. The program is the first of p.paused.
func (p *process) pause() error {
	if p.paused != nil {
		return nil
	}
	pid := p.command.Process.Pid
	if err := signal(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	p.paused = []int{pid}
	children, err := childrenOf(pid)
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := signal(child, syscall.SIGSTOP); err != nil {
			return err
		}
	}
	p.paused = append(p.paused, children...)
	return nil
}

func (p *process) resume() error {
	for _, pid := range p.paused {
		if err := signal(pid, syscall.SIGCONT); err != nil {
			return err
		}
	}
	p.paused = nil
	return nil
}

// signal sends a signal to a process, unless it has ended.
func signal(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
