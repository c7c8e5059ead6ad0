/* Outbox, receipts and backlog of two tablets and one server; bounds and properties: README.md.
 * Versions: 0 creates the shared record on tablet 0, 1 edits it there; 2 edits it on tablet 1, 3 is a child made there.
 * The network is the set of everything ever sent: loss, copy, reorder and delay are choosing, or never choosing, from it.
 * Each step prints its name when it is simulated: these lines are the traces that the real code replays. */
#ifndef CRASHES
#define CRASHES 1
#endif
#define BIT(v) (1 << (v))
#define MINE(t) (3 << (2 * (t)))
#define RECORD 7
#define ROOT 1

byte saved, kept, freed;         /* tablet, on disk: made; bytes still there; outbox says held */
byte batch[2];                   /* tablet, in memory: offered in this session */
byte posted;                     /* network: batches, by BIT(mask - 1) of tablet 0, shifted by 3 for tablet 1 */
byte receipts;                   /* network: right ones of the province; wrong ones may come at any time */
byte pending, answer;            /* server, in memory: the open transaction; what its answer will confirm */
byte stored, twice, backlog;     /* server, committed */
byte promised;                   /* ghost: every version that the tablet was given a receipt for */
byte crashes[3];
byte t, m;

inline post(T, M) {
    batch[T] = M; posted = posted | (BIT((M >> (2 * T)) - 1) << (3 * T));
#ifdef DELETE_BEFORE_RECEIPT
    kept = kept & (255 - M);
#endif
    printf("STEP posting %d %d\n", T, M)
}
inline commit() {
#ifdef RETRY_WITHOUT_ID
    twice = twice | (stored & pending);
#endif
#ifdef UPSERT
    if :: pending & RECORD -> stored = stored & (255 - RECORD) :: else fi;
#endif
    stored = stored | pending;
#ifdef BACKLOG_FORGOTTEN
    if :: stored & ROOT :: else -> backlog = backlog | pending fi;
#else
    if :: stored & ROOT -> backlog = 0 :: else -> backlog = backlog | pending fi;
#endif
    answer = pending; pending = 0;
    printf("STEP commit\n")
}
inline take(T, M) { /* answered: only what this session offered */
    freed = freed | (M & batch[T]); promised = promised | (M & batch[T]); batch[T] = batch[T] & (255 - M);
    printf("STEP answered %d %d\n", T, M)
}
inline safe() {
    assert(twice == 0);                                 /* nothing applied twice */
    assert((promised & (255 - stored)) == 0);           /* acknowledged = at the server, so never lost */
    assert((saved & (255 - (stored | kept))) == 0);     /* no value vanishes */
    assert((receipts & (255 - stored)) == 0);           /* receipts only after commit */
    assert((freed & (255 - receipts)) == 0);            /* freed only by a matching receipt of the province */
    assert((stored & (255 - saved)) == 0);              /* nothing invented */
    assert(backlog == ((stored & ROOT) -> 0 : stored))  /* the backlog is a function of the set */
}

inline answered_wrongly(V) {
#ifdef NO_DIGEST_CHECK
    freed = freed | BIT(V);
#endif
    batch[V / 2] = batch[V / 2] & (255 - BIT(V)); printf("STEP strange %d %d\n", V / 2, BIT(V))
}
inline answered_by_station(V) {
#ifdef STATION_FREES
    freed = freed | BIT(V);
#endif
    batch[V / 2] = batch[V / 2] & (255 - BIT(V)); printf("STEP station %d %d\n", V / 2, BIT(V))
}
inline accept_batch(T, M) {
    pending = M; printf("STEP accept_batch %d %d\n", T, M);
#ifdef RECEIPT_BEFORE_COMMIT
    receipts = receipts | pending
#endif
}
#define OF(v) ((v) / 2)
#define ADD(v, if_) :: atomic { !(saved & BIT(v)) && (if_) -> \
    saved = saved | BIT(v); kept = kept | BIT(v); printf("STEP add %d\n", v); safe() }
#define POST(t, m) :: atomic { batch[t] == 0 && ((m) & saved & kept & (255 - freed)) == (m) -> post(t, m); safe() }
#define ACCEPT(t, m) :: atomic { pending == 0 && answer == 0 && (posted & (BIT(((m) >> (2 * t)) - 1) << (3 * t))) -> accept_batch(t, m) }
#define EACH(what) what(0) what(1) what(2) what(3)
#define BATCHES(what) what(0, 1) what(0, 2) what(0, 3) what(1, 4) what(1, 8) what(1, 12)
#define ANSWERED(v) :: atomic { batch[OF(v)] & receipts & BIT(v) -> take(OF(v), BIT(v)); safe() }
/* Lies of the road: a receipt for other bytes, one of a station. They free nothing. */
#define STRANGE(v) :: atomic { batch[OF(v)] & BIT(v) -> answered_wrongly(v); safe() }
#define STATION(v) :: atomic { batch[OF(v)] & BIT(v) -> answered_by_station(v); safe() }
#define FREE(v) :: atomic { freed & kept & BIT(v) -> kept = kept & (255 - BIT(v)); safe() }
#define FAILED(t) :: atomic { batch[t] -> batch[t] = 0; printf("STEP failed %d\n", t) }
#define CRASH(t) :: atomic { crashes[t] < CRASHES -> crashes[t]++; batch[t] = 0; printf("STEP crash %d\n", t) }

active proctype world() {
    do
    ADD(0, 1) ADD(1, saved & ROOT) ADD(2, saved & ROOT) ADD(3, 1)
    BATCHES(POST)
    BATCHES(ACCEPT)
    :: atomic { pending -> commit(); safe() }
    :: atomic { answer -> receipts = receipts | answer; answer = 0; printf("STEP receipt\n"); safe() }
    EACH(ANSWERED) EACH(STRANGE) EACH(STATION) EACH(FREE)
    FAILED(0) FAILED(1) CRASH(0) CRASH(1)
    :: atomic { crashes[2] < CRASHES -> crashes[2]++; pending = 0; answer = 0; printf("STEP crash 2\n") }
#ifdef WALK
    :: saved == 15 -> break
#else
    :: break /* faults stop, anywhere */
#endif
    od;
    /* Convergence: from every state one clean session a tablet ends with empty outboxes and the union at the server. */
    atomic {
        if :: pending -> commit() :: else fi;
        if :: answer -> receipts = receipts | answer; answer = 0; printf("STEP receipt\n") :: else fi;
        for (t : 0 .. 1) {
            batch[t] = 0; printf("STEP failed %d\n", t);
            m = saved & kept & (255 - freed) & MINE(t);
            if :: m -> post(t, m); pending = m; printf("STEP accept_batch %d %d\n", t, m); commit();
                receipts = receipts | answer; answer = 0; printf("STEP receipt\n"); take(t, m)
            :: else fi
        }
        safe();
        assert(freed == saved && stored == saved && batch[0] == 0 && batch[1] == 0);
        printf("END saved=%d stored=%d freed=%d backlog=%d\n", saved, stored, freed, backlog)
    }
}
