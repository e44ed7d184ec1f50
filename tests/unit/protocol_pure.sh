#!/bin/sh
# protocol_pure.sh NM LIBRARY - the protocol library reaches no socket, file,
# clock, random source or log.
#
# What it may call is listed here; all else fails, also what nobody thought of.
# jansson and libsodium could do more, so their functions are named one by one.
# ntohl, ntohs and assert are in msgpack-c's headers, when nothing is optimised.
set -eu
LC_ALL=C
export LC_ALL

allowed=$(mktemp)
wanted=$(mktemp)
trap 'rm -f "$allowed" "$wanted"' EXIT
{
	cat <<'END'
_GLOBAL_OFFSET_TABLE_
__stack_chk_fail
__tls_get_addr
bcmp
calloc
free
malloc
memchr
memcmp
memcpy
memmove
memset
qsort
realloc
snprintf
strchr
strcmp
strlen
strncmp
strnlen
strrchr
strspn
strcspn
strstr
ntohl
ntohs
__assert_fail
__memcpy_chk
__memmove_chk
__memset_chk
__snprintf_chk
crypto_generichash
crypto_generichash_final
crypto_generichash_init
crypto_generichash_update
crypto_sign_detached
crypto_sign_verify_detached
sodium_bin2hex
json_array_get
json_array_size
json_boolean_value
json_delete
json_dumpb
json_integer_value
json_loadb
json_set_alloc_funcs
json_object_get
json_object_iter
json_object_iter_key
json_object_iter_next
json_object_iter_value
json_object_key_to_iter
json_object_size
json_string_length
json_string_value
ZSTD_CCtx_setParameter
ZSTD_CCtx_setPledgedSrcSize
ZSTD_compress
ZSTD_compressBound
ZSTD_compressStream2
ZSTD_createCCtx
ZSTD_decompress
ZSTD_getErrorCode
ZSTD_freeCCtx
ZSTD_findFrameCompressedSize
ZSTD_getFrameContentSize
ZSTD_isError
ZSTD_maxCLevel
END
	"$1" -P -g --defined-only "$2" | awk 'NF > 2 { print $1 }' # of each other
} | sort -u >"$allowed"
"$1" -P -u "$2" | awk '$2 == "U" { print $1 }' |
	grep -v -E '^__(a|ub|t)san_|^__sanitizer_|^__gcov_' | sort -u >"$wanted"

grep -q -x crypto_generichash "$wanted" || {
	echo "nm found nothing in $2"
	exit 1
}
foreign=$(comm -13 "$allowed" "$wanted")
if [ -n "$foreign" ]; then
	echo "the protocol library must not call:"
	echo "$foreign"
	exit 1
fi
