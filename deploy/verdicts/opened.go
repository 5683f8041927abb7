package verdicts

// mostOpened bounds how many mails are remembered as opened, in each of two
// generations.
const mostOpened = 500_000

// opened remembers which mails were opened before what is kept of them: a mail
// that is opened again is not opened for the first time.
type opened struct {
	young, old map[uint64]struct{}
	forgot     int
}

func (o *opened) add(name uint64) {
	if len(o.young) >= mostOpened {
		o.forgot += len(o.old)
		o.old, o.young = o.young, nil
	}
	if o.young == nil {
		o.young = map[uint64]struct{}{}
	}
	o.young[name] = struct{}{}
}

func (o *opened) has(name uint64) bool {
	_, young := o.young[name]
	_, old := o.old[name]
	return young || old
}
