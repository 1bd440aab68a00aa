package interlock

import (
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc/metadata"
)

// deprecation says since when a method is deprecated, from when on calls are refused, and what to call instead. Days are
// YYYY-MM-DD; what is not known is empty.
type deprecation struct{ Since, Sunset, Replacement string }

// header is what the answers of the method say, in the form of HTTP: RFC 9745, RFC 8594, and RFC 8288.
func (d *deprecation) header() metadata.MD {
	if d == nil {
		return nil
	}
	var seconds int64
	if since, err := time.Parse(time.DateOnly, d.Since); err == nil {
		seconds = since.Unix()
	}
	header := metadata.Pairs("deprecation", fmt.Sprintf("@%d", seconds))
	if sunset, err := time.Parse(time.DateOnly, d.Sunset); err == nil {
		header.Set("sunset", sunset.Format(http.TimeFormat))
	}
	if d.Replacement != "" {
		header.Set("link", fmt.Sprintf(`</%s>; rel="successor-version"`, d.Replacement))
	}
	return header
}

// sunset is the first moment at which calls are refused, if there is one.
func (d *deprecation) sunset() (time.Time, bool) {
	if d == nil {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, d.Sunset)
	return day, err == nil
}

// denial is the answer to a call after the sunset.
func (d *deprecation) denial() *Denial {
	detail := ""
	if d.Replacement != "" {
		detail = "call " + d.Replacement
	}
	return deny("METHOD_SUNSET", detail).with("sunset", d.Sunset, "replacement", d.Replacement)
}
