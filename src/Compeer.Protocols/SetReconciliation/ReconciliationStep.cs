namespace Compeer.Protocols.SetReconciliation;

/// <summary>What came of a message.</summary>
public enum ReconciliationStep
{
    /// <summary>There is an answer to send.</summary>
    Answer,

    /// <summary>Both sets are compared; only who asks learns this.</summary>
    Done,

    /// <summary>The message breaks the protocol; nothing more is to be read from there.</summary>
    Malformed,

    /// <summary>The other side speaks another version; the answer, if we are asked, names ours.</summary>
    UnknownVersion,

    /// <summary>The other side names more ids than are allowed.</summary>
    TooMuch,
}
