namespace Compeer.Protocols.Tls;

/// <summary>What came of a record.</summary>
public enum TlsOpened
{
    /// <summary>Bytes for the application.</summary>
    Data,

    /// <summary>Nothing for the application: a session ticket, an update of keys, an empty record.</summary>
    Nothing,

    /// <summary>The remote ends its direction.</summary>
    End,

    /// <summary>It is forged, or the remote broke the protocol, or it says that something failed. Nothing more may be opened.</summary>
    Broken,
}
