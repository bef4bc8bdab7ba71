// main.go -- the works of the benchmark in Go: goroutines and channels.
//
// peer_go WORK SECONDS prints "BENCH work value unit". A call is a request and an answer over two
// unbuffered channels, which is the fastest form. GOMAXPROCS is set outside. The work "echo"
// serves TCP instead: it prints "PORT n" and echoes until it is killed.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	pairs     = 512
	sendBatch = 100000
	timers    = 200000
)

// Item is what call_table sends: three fields and a three-element array, copied twice a call.
type Item struct {
	ID    int
	Name  string
	Count int
	Slots [3]int
}

type port[T any] struct {
	request chan T
	answer  chan T
}

func newCallee[T any]() port[T] {
	p := port[T]{make(chan T), make(chan T)}
	go func() {
		for value := range p.request {
			p.answer <- value
		}
	}()
	return p
}

func check(ok bool) {
	if !ok {
		panic("wrong answer")
	}
}

func callInts(p port[int], n int) {
	for i := 0; i < n; i++ {
		p.request <- i
		check(<-p.answer == i)
	}
}

func callItems(p port[Item], n int) {
	for i := 0; i < n; i++ {
		p.request <- Item{i, "sword", 3, [3]int{i, i + 1, i + 2}}
		check((<-p.answer).ID == i)
	}
}

func sendBatches(n int) {
	box := make(chan int, 1024)
	drained := make(chan int)
	go func() {
		for count := 1; ; count++ {
			<-box
			if count%sendBatch == 0 {
				drained <- count
			}
		}
	}()
	for i := 0; i < n; i++ {
		for k := 0; k < sendBatch; k++ {
			box <- k
		}
		<-drained
	}
}

func runPairs(callees []port[int], n int) {
	var done sync.WaitGroup
	done.Add(len(callees))
	for _, callee := range callees {
		go func(p port[int]) {
			callInts(p, n)
			done.Done()
		}(callee)
	}
	done.Wait()
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	nanos := usage.Utime.Nano() + usage.Stime.Nano()
	return float64(nanos) / 1e9
}

func timersCPU() float64 {
	before := cpuSeconds()
	var done sync.WaitGroup
	done.Add(timers)
	for i := 0; i < timers; i++ {
		time.AfterFunc(time.Duration(i%50+1)*10*time.Millisecond, done.Done)
	}
	done.Wait()
	return cpuSeconds() - before
}

func timeOf(run func(n int), n int) float64 {
	start := time.Now()
	run(n)
	return time.Since(start).Seconds()
}

// rate doubles n until a run is long enough to be the warm-up; then it times about the seconds.
func rate(run func(n int), seconds float64, n int) float64 {
	elapsed := timeOf(run, n)
	for elapsed < 0.3*seconds {
		n *= 2
		elapsed = timeOf(run, n)
	}
	timed := int(float64(n)*seconds/elapsed) + 1
	return float64(timed) / timeOf(run, timed)
}

func work(name string, seconds float64) (float64, string) {
	switch name {
	case "call_int":
		p := newCallee[int]()
		return rate(func(n int) { callInts(p, n) }, seconds, 1000), "calls/s"
	case "call_table":
		p := newCallee[Item]()
		return rate(func(n int) { callItems(p, n) }, seconds, 1000), "calls/s"
	case "send_drain":
		return rate(sendBatches, seconds, 1) * sendBatch, "sends/s"
	case "pairs512":
		callees := make([]port[int], pairs)
		for i := range callees {
			callees[i] = newCallee[int]()
		}
		return rate(func(n int) { runPairs(callees, n) }, seconds, 10) * pairs, "calls/s"
	case "yield":
		return rate(func(n int) {
			for i := 0; i < n; i++ {
				runtime.Gosched()
			}
		}, seconds, 1000), "yields/s"
	case "timers":
		return timersCPU(), "s"
	}
	panic("no such work: " + name)
}

func echo(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err = conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func serveEcho() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("PORT %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go echo(conn)
	}
}

func main() {
	if os.Args[1] == "echo" {
		serveEcho()
	}
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		panic(err)
	}
	value, unit := work(os.Args[1], seconds)
	fmt.Printf("BENCH %s %.3f %s\n", os.Args[1], value, unit)
}
