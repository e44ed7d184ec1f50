/* small_map.so - for valgrind, in front of LMDB: of the hundreds of GiB of addresses that a
 * store of the hub reserves, which valgrind has not, only one */
#include <dlfcn.h>
#include <lmdb.h>
#include <stddef.h>

static const size_t map_bytes = (size_t) 1 << 30;

int
mdb_env_set_mapsize(MDB_env *env, size_t size)
{
	int (*real)(MDB_env *, size_t);

	/* RTLD_NEXT gives a pointer to an object, as POSIX has it */
	*(void **) &real = dlsym(RTLD_NEXT, "mdb_env_set_mapsize");
	return real(env, size < map_bytes ? size : map_bytes);
}
