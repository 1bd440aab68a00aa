// A bare grpc-go server or client under measurement: mutual TLS and nothing else. It answers like bench/src/child.ts: each
// line of its input is a request as JSON, each line of its output an answer. It ends when its input ends.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

type ask struct {
	Do       string   `json:"do"`
	Settings settings `json:"settings"`
	Address  string   `json:"address"`
	Load     load     `json:"load"`
}

type answer struct {
	Address string `json:"address,omitempty"`
	// CPU time of the whole process, in microseconds.
	CPU   int64      `json:"cpu"`
	Times *loadTimes `json:"times,omitempty"`
}

type program struct {
	client *client
	// The CPU time at which the turn began.
	began int64
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	output := json.NewEncoder(os.Stdout)
	var p program
	for lines.Scan() {
		result, err := p.answer(lines.Bytes())
		message := map[string]any{"answer": result}
		if err != nil {
			message = map[string]any{"error": err.Error()}
		}
		if output.Encode(message) != nil {
			return
		}
	}
}

func (p *program) answer(line []byte) (answer, error) {
	var a ask
	if err := json.Unmarshal(line, &a); err != nil {
		return answer{}, err
	}
	switch a.Do {
	case "serve":
		address, err := serve(a.Settings.Server)
		return answer{Address: address}, err
	case "connect":
		connected, err := connect(a.Settings.Client, a.Address)
		p.client = connected
		return answer{}, err
	case "collect":
		runtime.GC()
		return answer{}, nil
	case "begin":
		p.began = cpuTime()
		return answer{}, nil
	case "end":
		return answer{CPU: cpuTime() - p.began}, nil
	case "run":
		if p.client == nil {
			return answer{}, fmt.Errorf("there is no client in this process")
		}
		p.began = cpuTime()
		times, err := p.client.run(a.Load)
		return answer{CPU: cpuTime() - p.began, Times: times}, err
	}
	return answer{}, fmt.Errorf("there is no request %q", a.Do)
}

// cpuTime is that of the whole process, user and system together, in microseconds.
func cpuTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
}
