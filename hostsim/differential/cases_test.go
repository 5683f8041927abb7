package differential

import (
	"fmt"
	"strings"
)

// requestCase is a request as it goes onto the wire.
type requestCase struct {
	name, text string
	// later is how many requests to the origin come after the guest has ended.
	later int
}

// request joins a request line, fields and a body.
func request(line string, body string, fields ...string) string {
	var b strings.Builder
	b.WriteString(line + "\r\n")
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	return b.String() + "\r\n" + body
}

// wireCases are about what HTTP allows, and a little more.
func wireCases() (list []requestCase) {
	add := func(name, text string) { list = append(list, requestCase{name: name, text: text}) }
	const host = "Host: edge.example"
	for _, target := range []string{"/", "/a/b.c?d=e&f", "/?q", "/?", "/a//b", "/a/./b/../c", "/%41%2f%2F", "/a;b=c,d", "/a%20b+c", "/%", "/%zz?%", "/a|b",
		"/{x}", "/\"q\"", "/<x>", "/a\\b", "/^`", "/?x=[1]|{2}\"'<>`^\\", "/caf\xe9", "/✓", "/#frag", "/a?b#c", "/a b", "*", "edge.example", "http://other.example/abs?x",
		"https://other.example/abs", "/" + strings.Repeat("long/", 500), "/chunked", "/trailer", "/close", "/204", "/304", "/302", "/404", "/599", "/103",
		"/latin", "/short", "/cut", "/nothing", "/not-http", "/half-head", "/both", "/old", "/folded", "/gzip", "/big"} {
		add("target "+clip(target), request("GET "+target+" HTTP/1.1", "", host))
	}
	for _, method := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "get", "M-SEARCH", "TRACE"} {
		add("method "+method, request(method+" /m HTTP/1.1", "", host))
	}
	for _, path := range []string{"/302", "/chunked", "/404", "/204", "/big"} {
		add("HEAD "+path, request("HEAD "+path+" HTTP/1.1", "", host))
	}
	for _, method := range []string{"POST", "PUT", "GET", "DELETE"} {
		add(method+" with a body", request(method+" /b HTTP/1.1", "hello", host, "Content-Length: 5"))
		add(method+" in chunks", request(method+" /b HTTP/1.1", "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", host, "Transfer-Encoding: chunked"))
	}
	add("no body, length 0", request("POST /b HTTP/1.1", "", host, "Content-Length: 0"))
	add("large body", request("POST /b HTTP/1.1", strings.Repeat("x", 1<<20), host, fmt.Sprintf("Content-Length: %d", 1<<20)))
	add("trailers", request("POST /b HTTP/1.1", "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n", host, "Transfer-Encoding: chunked", "Trailer: X-Sum"))
	add("expect", request("POST /b HTTP/1.1", "hello", host, "Content-Length: 5", "Expect: 100-continue"))
	add("expect something else", request("POST /b HTTP/1.1", "hello", host, "Content-Length: 5", "Expect: miracles"))
	add("repeated fields", request("GET /h HTTP/1.1", "", host, "X-A: 1", "x-a: 2", "X-B: 3", "X-a: 1"))
	add("cases of names", request("GET /h HTTP/1.1", "", "hOsT: Edge.Example", "ACCEPT: */*", "x-UPPER-lower: 1"))
	add("empty values", request("GET /h HTTP/1.1", "", host, "X-Empty:", "X-Spaces:    ", "X-Tab:\t\tx\t"))
	add("odd values", request("GET /h HTTP/1.1", "", host, "X-Latin: caf\xe9", "X-Quote: \"a, b\"; q=1", "Cookie: a=b; c=d", "Cookie: e=f"))
	add("hop by hop", request("GET /h HTTP/1.1", "", host, "Connection: keep-alive, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "TE: trailers", "Proxy-Connection: x", "Upgrade: h2c"))
	add("forwarded", request("GET /h HTTP/1.1", "", host, "X-Forwarded-For: 192.0.2.1", "Fastly-FF: forged", "CDN-Loop: Fastly", "Fastly-Client-IP: 192.0.2.2", "Via: 1.1 x"))
	add("many fields", request("GET /h HTTP/1.1", "", append([]string{host}, manyFields(90)...)...))
	add("long field", request("GET /h HTTP/1.1", "", host, "X-Long: "+strings.Repeat("v", 8000)))
	add("host with port", request("GET /h HTTP/1.1", "", "Host: edge.example:8080"))
	add("host in upper case", request("GET /h HTTP/1.1", "", "Host: EDGE.Example"))
	add("host is an address", request("GET /h HTTP/1.1", "", "Host: [::1]:80"))
	add("host differs from absolute target", request("GET http://a.example/x HTTP/1.1", "", "Host: b.example"))
	add("host odd", request("GET /h HTTP/1.1", "", "Host: a b"))
	add("host empty", request("GET /h HTTP/1.1", "", "Host:"))
	add("no host", request("GET /h HTTP/1.1", ""))
	add("two hosts", request("GET /h HTTP/1.1", "", host, "Host: other.example"))
	add("HTTP/1.0", request("GET /h HTTP/1.0", "", host))
	add("HTTP/1.0 keep-alive", request("GET /h HTTP/1.0", "", host, "Connection: keep-alive"))
	add("HTTP/1.0 without host", request("GET /h HTTP/1.0", ""))
	add("close", request("GET /h HTTP/1.1", "", host, "Connection: close"))
	add("both framings", request("POST /b HTTP/1.1", "0\r\n\r\n", host, "Content-Length: 5", "Transfer-Encoding: chunked"))
	add("two lengths", request("POST /b HTTP/1.1", "hello", host, "Content-Length: 5", "Content-Length: 6"))
	add("the same length twice", request("POST /b HTTP/1.1", "hello", host, "Content-Length: 5", "Content-Length: 5"))
	add("length with a sign", request("POST /b HTTP/1.1", "hello", host, "Content-Length: +5"))
	add("coding twice", request("POST /b HTTP/1.1", "0\r\n\r\n", host, "Transfer-Encoding: chunked, chunked"))
	add("coding gzip", request("POST /b HTTP/1.1", "0\r\n\r\n", host, "Transfer-Encoding: gzip"))
	add("space before the colon", request("GET /h HTTP/1.1", "", host, "X-A : 1"))
	add("folded field", request("GET /h HTTP/1.1", "", host, "X-A: 1", " 2"))
	add("NUL in a value", request("GET /h HTTP/1.1", "", host, "X-A: a\x00b"))
	add("no colon", request("GET /h HTTP/1.1", "", host, "nonsense"))
	add("line feeds only", "GET /h HTTP/1.1\nHost: edge.example\n\n")
	add("version 2.0", request("GET /h HTTP/2.0", "", host))
	add("not HTTP", "nonsense\r\n\r\n")
	return list
}

func manyFields(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("X-%03d: %d", i, i))
	}
	return list
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
