package differential

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// message is an HTTP/1.1 message in a form in which two of them can be
// compared: names of fields in lower case and sorted, repeated ones in their
// order; the body without its chunks.
type message struct {
	Start   string
	Fields  []string
	Body    string
	Trailer []string
	Broken  bool // it ended too early
}

// readMessage reads one message. bodyless is for answers to HEAD.
func readMessage(br *bufio.Reader, bodyless bool) (message, error) {
	var m message
	line, err := br.ReadString('\n')
	if err != nil {
		return m, err
	}
	m.Start = strings.TrimRight(line, "\r\n")
	if m.Fields, err = readFields(br); err != nil {
		m.Broken = true
		return m, nil
	}
	status := strings.HasPrefix(m.Start, "HTTP/1.1 1") || strings.HasPrefix(m.Start, "HTTP/1.1 204") || strings.HasPrefix(m.Start, "HTTP/1.1 304")
	if !bodyless && !status {
		m.readBody(br)
	}
	return m, nil
}

func readFields(br *bufio.Reader) ([]string, error) {
	var fields []string
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return fields, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			slices.SortStableFunc(fields, func(a, b string) int { return strings.Compare(fieldName(a), fieldName(b)) })
			return fields, nil
		}
		name, value, _ := strings.Cut(line, ":")
		fields = append(fields, strings.ToLower(name)+": "+strings.TrimSpace(value))
	}
}

func fieldName(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return name
}

// field returns the first value of a field, or "".
func (m *message) field(name string) string {
	for _, f := range m.Fields {
		if fieldName(f) == name {
			return f[len(name)+2:]
		}
	}
	return ""
}

func (m *message) readBody(br *bufio.Reader) {
	var body bytes.Buffer
	switch length := m.field("content-length"); {
	case strings.EqualFold(m.field("transfer-encoding"), "chunked"):
		m.Broken = !m.readChunks(br, &body)
	case length != "":
		n, _ := strconv.ParseInt(length, 10, 64)
		got, _ := io.CopyN(&body, br, n)
		m.Broken = got != n
	case strings.HasPrefix(m.Start, "HTTP/"):
		io.Copy(&body, br)
	}
	m.Body = body.String()
}

func (m *message) readChunks(br *bufio.Reader, body *bytes.Buffer) bool {
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return false
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return false
		}
		if n == 0 {
			m.Trailer, err = readFields(br)
			return err == nil
		}
		if _, err := io.CopyN(body, br, n); err != nil {
			return false
		}
		if _, err := br.Discard(2); err != nil {
			return false
		}
	}
}

// ask sends the bytes of one request over a connection of its own and reads the
// answer. Interim answers are kept apart.
func ask(addr, request string) (m message, interim []string, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return m, nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	// an answer may come before all of it has gone
	go io.WriteString(conn, request)
	br := bufio.NewReader(conn)
	for {
		m, err = readMessage(br, strings.HasPrefix(request, "HEAD "))
		if err != nil || !strings.HasPrefix(m.Start, "HTTP/1.1 1") || strings.HasPrefix(m.Start, "HTTP/1.1 101") {
			return m, interim, err
		}
		interim = append(interim, m.Start)
	}
}
