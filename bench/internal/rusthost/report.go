package rusthost

import "github.com/clickedge/clickedge/bench/internal/measure"

// Report is what the host measured; bench/host/src/run.rs says what each part
// means.
type Report struct {
	Wasmtime    string     `json:"wasmtime"`
	PagemapScan bool       `json:"pagemap_scan"`
	Guests      []Compiled `json:"guests"`
	Lanes       []Measured `json:"lanes"`
}

// Compiled is a module on wasmtime.
type Compiled struct {
	Name      string  `json:"name"`
	CompileMS float64 `json:"compile_ms"`
}

// Measured is a lane.
type Measured struct {
	Name         string         `json:"name"`
	Fuel         uint64         `json:"fuel"`
	FirstFuel    uint64         `json:"first_fuel"`
	HostCalls    int            `json:"host_calls"`
	WASICalls    int            `json:"wasi_calls"`
	Calls        []string       `json:"calls"`
	Windows      int            `json:"windows"`
	PagesWritten int            `json:"pages_written"`
	MemoryBytes  int            `json:"memory_bytes"`
	CallMicros   measure.Spread `json:"call_us"`
	Fresh        Times          `json:"fresh"`
	Resident     *Times         `json:"resident"`
}

// Times are those of a lane by stage, in microseconds.
type Times struct {
	Instantiate measure.Spread `json:"instantiate"`
	Request     measure.Spread `json:"request"`
	Drop        measure.Spread `json:"drop"`
	Total       measure.Spread `json:"total"`
	Faults      measure.Spread `json:"faults"`
	// FaultsByStage has the medians.
	FaultsByStage [3]float64 `json:"faults_by_stage"`
	// Turns has the median of Total in each turn; 0 for one without a click that
	// counts.
	Turns []float64 `json:"turns,omitempty"`
	// Interrupted is the share of clicks that do not count, since another thread
	// had the processor for a while.
	Interrupted float64 `json:"interrupted"`
}

// Against is how many times as long these take as others of the same run, turn
// by turn.
func (t *Times) Against(other *Times) measure.Spread {
	n := min(len(t.Turns), len(other.Turns))
	ratios := make([]float64, 0, n)
	for i := range n {
		if t.Turns[i] > 0 && other.Turns[i] > 0 {
			ratios = append(ratios, t.Turns[i]/other.Turns[i])
		}
	}
	return measure.SpreadOf(ratios)
}

// Lane returns a lane by name, or nil.
func (r *Report) Lane(name string) *Measured {
	for i := range r.Lanes {
		if r.Lanes[i].Name == name {
			return &r.Lanes[i]
		}
	}
	return nil
}
