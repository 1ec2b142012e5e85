package data

import "sync"

// Kept returns a [Load] of one folder that keeps what it has loaded, for
// programs that ask for the same datasets many times. Callers must not change
// the datasets. The function may be called from several goroutines.
func Kept(dir string) func(name string) (train, test *Dataset, err error) {
	var mu sync.Mutex
	kept := map[string][2]*Dataset{}
	return func(name string) (train, test *Dataset, err error) {
		mu.Lock()
		defer mu.Unlock()
		if d, ok := kept[name]; ok {
			return d[0], d[1], nil
		}
		if train, test, err = Load(name, dir); err == nil {
			kept[name] = [2]*Dataset{train, test}
		}
		return train, test, err
	}
}
