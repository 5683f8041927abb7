package clickreport

import "time"

// unit is a period that a row of the time line stands for.
type unit struct {
	name   string
	layout string // of its beginning, for people
	begin  func(time.Time) time.Time
	next   func(time.Time) time.Time
}

var units = []unit{
	{"hour", "2006-01-02 15:04", func(t time.Time) time.Time { return t.Truncate(time.Hour) }, func(t time.Time) time.Time { return t.Add(time.Hour) }},
	{"day", "2006-01-02", func(t time.Time) time.Time { return date(t.Year(), t.Month(), t.Day()) }, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"month", "2006-01", func(t time.Time) time.Time { return date(t.Year(), t.Month(), 1) }, func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"year", "2006", func(t time.Time) time.Time { return date(t.Year(), 1, 1) }, func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// periods adds hours up to the finest unit with at most so many periods from
// the first to the last, those without a request included. Centuries that a
// damaged clock wrote are not filled.
func periods(hours []Row, most int) (u unit, list []Row) {
	if len(hours) == 0 {
		return units[0], nil
	}
	first, last := at(hours[0]), at(hours[len(hours)-1])
	for _, u = range units {
		if n := steps(u, first, last, most); n <= most {
			return u, u.fill(hours, true)
		}
	}
	return u, u.fill(hours, false)
}

// at is when a row of the table by hour begins.
func at(r Row) time.Time {
	t, _ := time.Parse(time.RFC3339, r.Name) // this package wrote it
	return t
}

// steps counts the periods from one time to another, up to one more than most.
func steps(u unit, first, last time.Time, most int) int {
	n := 1
	for t, end := u.begin(first), u.begin(last); t.Before(end) && n <= most; t = u.next(t) {
		n++
	}
	return n
}

// fill adds hours up; gaps says whether periods without a request have a row.
func (u unit) fill(hours []Row, gaps bool) (list []Row) {
	var next time.Time
	for _, h := range hours {
		begin := u.begin(at(h))
		for gaps && len(list) > 0 && next.Before(begin) {
			list = append(list, Row{Name: next.Format(u.layout)})
			next = u.next(next)
		}
		if name := begin.Format(u.layout); len(list) == 0 || list[len(list)-1].Name != name {
			list = append(list, Row{Name: name})
			next = u.next(begin)
		}
		list[len(list)-1].plus(&h.Counts)
	}
	return list
}
