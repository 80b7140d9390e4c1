namespace Compeer.Node;

/// <summary>What kind of trouble stops the node, or an intent.</summary>
public enum NodeFailure
{
    /// <summary>What was asked for cannot be: a setting, an address, a second daemon.</summary>
    Usage,

    /// <summary>What was given is broken or unknown.</summary>
    BadInput,

    /// <summary>The disk refuses.</summary>
    Disk,
}

/// <summary>Tells a person what went wrong, why, and what to do.</summary>
public sealed class NodeException(NodeFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind of trouble.</summary>
    public NodeFailure Failure { get; } = failure;
}
