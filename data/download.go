package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"time"
)

// maxArchive bounds what a server may send; the archives are about 170 MB.
const maxArchive = 256 << 20

var (
	errUnreachable = errors.New("cannot be downloaded")
	errInterrupted = errors.New("download interrupted")
	errStalled     = errors.New("no data came in time")
)

// A downloader gets a file over HTTP.
type downloader struct {
	stall    time.Duration // the longest silence to put up with
	progress func(done, total int64)
}

// download gets address into the file part, continuing from what part already
// holds where the server can. What came stays in part when it fails, for the
// next call; where nothing came, there is no part.
func (d downloader) download(ctx context.Context, address, part string) error {
	have, err := sizeIfAny(part)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(d.stall, func() { cancel(errStalled) })
	defer watchdog.Stop()

	response, err := request(ctx, address, have)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	start, done, err := resumeAt(response, have)
	if err != nil || done {
		return err
	}
	f, err := openAt(part, start)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.receive(ctx, f, response, start, watchdog); err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// sizeIfAny returns the size of the file path, 0 if there is none.
func sizeIfAny(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// openAt opens the file path for writing from position start on, and cuts off
// what lies behind it.
func openAt(path string, start int64) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	_, err = f.Seek(start, io.SeekStart)
	if err := errors.Join(err, f.Truncate(start)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// request asks for address from byte have on.
func request(ctx context.Context, address string, have int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Encoding", "identity") // the very bytes of the archive
	if have > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreachable, reason(ctx, err))
	}
	return response, nil
}

// resumeAt returns the position in the file of the first byte of the response
// to a request from byte have on, or done if no bytes are left to come.
func resumeAt(response *http.Response, have int64) (start int64, done bool, err error) {
	switch response.StatusCode {
	case http.StatusOK: // the whole file: the server cannot resume, or need not
		return 0, false, nil
	case http.StatusPartialContent:
		var first int64
		if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-", &first); err == nil && first == have {
			return have, false, nil
		}
		return 0, false, fmt.Errorf("%w: wanted bytes from %d on, found Content-Range %q",
			errUnreachable, have, response.Header.Get("Content-Range"))
	case http.StatusRequestedRangeNotSatisfiable: // all there, or garbage: the checksum tells
		return have, true, nil
	}
	return 0, false, fmt.Errorf("%w: wanted status 200 or 206, found %s", errUnreachable, response.Status)
}

// receive appends the body of the response to f, which holds start bytes.
func (d downloader) receive(ctx context.Context, f io.Writer, response *http.Response, start int64, watchdog *time.Timer) error {
	total := int64(-1)
	if response.ContentLength >= 0 {
		total = start + response.ContentLength
	}
	buffer := make([]byte, 1<<17)
	for done := start; ; {
		n, err := response.Body.Read(buffer)
		watchdog.Reset(d.stall)
		done += int64(n)
		if done > maxArchive {
			return fmt.Errorf("wanted an archive of at most %d bytes, found more", int64(maxArchive))
		}
		if _, err := f.Write(buffer[:n]); err != nil {
			return err
		}
		if d.progress != nil {
			d.progress(done, total)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w after %d bytes: %w", errInterrupted, done, reason(ctx, err))
		}
	}
}

// reason returns why ctx was cancelled, if it was, else what lies behind err.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok { // which repeats the address
		return wrapped.Err
	}
	return err
}
