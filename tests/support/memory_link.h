/* tests/support/memory_link.h - one connection in memory, both ends real
 *
 * The device's machine and the hub's, and between them two queues of frames.
 * Nothing moves by itself: a test says when the device speaks, a frame arrives,
 * the hub commits, or the link breaks.  Frames are never reordered or lost
 * singly, as on TCP; a break loses all that is on its way, either way.
 */
#pragma once

#include "tests/support/memory_device.h"
#include "tests/support/memory_hub.h"

struct memory_frame {
	uint8_t *at;
	size_t len;
};

struct memory_queue {
	struct memory_frame *list;
	size_t first, count, size;
};

/* A copy of frame is the last to arrive. */
void memory_queue_put(struct memory_queue *q, struct bytes frame);

/* A batch that the hub has taken and not committed. */
struct memory_waiting {
	struct memory_frame frame; /* what batch points into */
	struct batch batch;
	size_t wire_bytes;
	uint64_t round;
};

typedef struct memory_link {
	memory_device *device;
	memory_hub *hub;
	device_sync *sync; /* lives over many connections */
	bool up;
	hub_sync peer; /* of this connection */
	struct memory_queue rising, falling;
	struct memory_waiting waiting[256];
	size_t waiting_count;
	int64_t now_ms;

	/* What a test looks at. */
	size_t sent[MESSAGES_];   /* frames by type, either way */
	uint64_t unanswered_most; /* bytes of batches at the hub at one time */
	size_t documents;
	uint64_t document_version[DOCUMENTS_];
	size_t document_len[DOCUMENTS_];
	uint64_t beyond;             /* of the last WELCOME */
	size_t acked_downwards;      /* times that the mark went down */
	struct device_action closed; /* type is DEVICE_CLOSE once the device gave up */
	bool refused;                /* the hub refused, with: */
	refusal refused_with;
} memory_link;

/* Both must outlive the link. */
void memory_link_init(memory_link *l, memory_device *device, memory_hub *hub);
void memory_link_done(memory_link *l);

/* The agent's process is started again: only device->memory is left. */
void memory_link_restart(memory_link *l);

void memory_link_up(memory_link *l);
/* Loses what is on its way and what the hub has not committed. */
void memory_link_down(memory_link *l);

/* Do all that the device owes now; its frames begin to rise. */
void memory_link_speak(memory_link *l);
/* One frame arrives at the hub, at the device; false when there is none. */
bool memory_link_rise(memory_link *l);
bool memory_link_fall(memory_link *l);
/* Commit what waits, answer each.  Without answering: the hub dies between. */
void memory_link_commit(memory_link *l, bool answering);

/* A PONG unasked. */
void memory_link_notice(memory_link *l);

/* Let time pass up to the device's deadline, which it then learns of. */
void memory_link_wait(memory_link *l);

/* Until nothing moves any more.  Fails when that takes too long. */
void memory_link_run(memory_link *l);
